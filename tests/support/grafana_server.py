"""A small server that speaks the part of Grafana's HTTP API that dashboards and folders need.

Answers and statuses are those of Grafana 12 (HTTP API reference: dashboard, folder, search); nothing is drawn.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


@dataclass
class GrafanaServer:
    """What the server keeps; ``editors`` and ``viewers`` are tokens, ``provisioned`` uids that files hold."""

    url: str = ""
    editors: set[str] = field(default_factory=lambda: {"glsa_editor"})
    viewers: set[str] = field(default_factory=lambda: {"glsa_viewer"})
    provisioned: set[str] = field(default_factory=set)
    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, Json] = field(default_factory=dict)
    folder_of: dict[str, str] = field(default_factory=dict)
    messages: dict[str, list[str]] = field(default_factory=dict)
    failing: bool = False

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, body: Json) -> tuple[int, Any]:
        """Return status and body."""
        refusal = self._refuse(method, token)
        if refusal is not None:
            return refusal
        name = path.rpartition("/")[2]
        routes: dict[str, Callable[[], tuple[int, Any]]] = {
            "GET /api/search": lambda: (200, self._search(query)),
            "POST /api/folders": lambda: self._make_folder(body),
            "POST /api/dashboards/db": lambda: self._save(body),
            f"GET /api/folders/{name}": lambda: self._get_folder(name),
            f"GET /api/dashboards/uid/{name}": lambda: self._get(name),
        }
        return routes.get(f"{method} {path}", lambda: (404, {"message": "Not found"}))()

    def _refuse(self, method: str, token: str) -> tuple[int, Json] | None:
        if self.failing:
            return 503, {"message": "database is locked"}
        if token not in self.editors | self.viewers:
            return 401, {"message": "Invalid API key"}
        if method == "POST" and token not in self.editors:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        return None

    def _get_folder(self, uid: str) -> tuple[int, Json]:
        if uid not in self.folders:
            return 404, {"message": "folder not found"}
        return 200, {"uid": uid, "title": self.folders[uid]}

    def _search(self, query: dict[str, list[str]]) -> list[Json]:
        wanted, limit, page = set(query.get("tag", [])), int(query["limit"][0]), int(query["page"][0])
        hits = [
            {"uid": uid, "title": model["title"], "type": "dash-db", "tags": model["tags"]}
            for uid, model in sorted(self.dashboards.items())
            if wanted <= set(model["tags"])
        ]
        return hits[limit * (page - 1) : limit * page]

    def _make_folder(self, body: Json) -> tuple[int, Json]:
        if body["uid"] in self.folders:
            return 409, {"message": "a folder with the same uid already exists"}
        self.folders[body["uid"]] = body["title"]
        return 200, {"uid": body["uid"], "title": body["title"]}

    def _save(self, body: Json) -> tuple[int, Json]:
        model = body["dashboard"]
        uid, kept = model["uid"], self.dashboards.get(model["uid"])
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        if body["folderUid"] not in self.folders:
            return 400, {"message": "folder not found"}
        if kept is not None and not body["overwrite"]:
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        version = 1 if kept is None else kept["version"] + 1
        number = len(self.dashboards) + 1 if kept is None else kept["id"]
        self.dashboards[uid] = {**model, "id": number, "version": version}
        self.folder_of[uid] = body["folderUid"]
        self.messages.setdefault(uid, []).append(body["message"])
        return 200, {"id": number, "uid": uid, "url": f"/d/{uid}", "status": "success", "version": version}

    def _get(self, uid: str) -> tuple[int, Json]:
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        meta = {"provisioned": uid in self.provisioned, "folderUid": self.folder_of.get(uid, "")}
        return 200, {"dashboard": self.dashboards[uid], "meta": meta}


@contextmanager
def grafana_server() -> Iterator[GrafanaServer]:
    """Run an empty Grafana on a free port."""
    kept = GrafanaServer()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, said = kept.answer(
                self.command, parts.path, parse_qs(parts.query), token, json.loads(body) if body else {}
            )
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _serve  # noqa: N815  # the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
