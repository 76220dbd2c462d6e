"""The dashboards of a running Grafana: what it has, and how ours get there."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError

TAG: Final = "citywatch"
FOLDERS: Final = {"en": ("citywatch-en", "citywatch (English)"), "zh": ("citywatch-zh", "citywatch（中文）")}
"""Language to uid and title of the folder that its dashboards are pushed into."""

Model = dict[str, Any]

_NOT_FOUND: Final = 404
_PAGE: Final = 1000
_OF_THE_SERVER: Final = frozenset({"id", "version"})


class Difference(StrEnum):
    """How a dashboard in Grafana stands to ours."""

    SAME = "same"
    DIFFERS = "differs"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Pair:
    """One of our dashboards beside what Grafana has under its uid; ``provisioned``: Grafana reads it from a file."""

    file: str
    ours: Model
    theirs: Model | None
    provisioned: bool

    @property
    def difference(self) -> Difference:
        """How they stand to each other, numbers of the server apart."""
        if self.theirs is None:
            return Difference.MISSING
        return Difference.SAME if canonical(self.ours) == canonical(self.theirs) else Difference.DIFFERS


def canonical(model: Mapping[str, Any]) -> str:
    """Return a dashboard as text that does not depend on the server it is on."""
    kept = {key: value for key, value in model.items() if key not in _OF_THE_SERVER}
    return json.dumps(kept, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def generated() -> dict[str, Model]:
    """Return file name, such as ``en/gas.json``, to model of every dashboard of this release."""
    root = files("dashboards") / "generated"
    return {
        f"{language}/{file.name}": json.loads(file.read_text(encoding="utf-8"))
        for language in FOLDERS
        for file in sorted((root / language).iterdir(), key=lambda one: one.name)
        if file.name.endswith(".json")
    }


class Grafana:
    """A running Grafana, spoken to with a service account token.

    Everything raises what grafana-client raises: ``GrafanaException``, and the errors of niquests when nobody answers.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 15.0) -> None:
        self._api = GrafanaApi.from_url(url, credential=token, timeout=timeout)

    def compare(self) -> Iterator[Pair]:
        """Yield every dashboard of this release beside its twin."""
        for file, ours in generated().items():
            found = self._get(ours["uid"])
            if found is None:
                yield Pair(file, ours, None, provisioned=False)
            else:
                yield Pair(file, ours, found["dashboard"], provisioned=bool(found["meta"].get("provisioned")))

    def push(self, pair: Pair, *, message: str) -> None:
        """Write one of our dashboards over its twin; the folder of its language is made when it is missing."""
        uid, title = FOLDERS[pair.file.split("/", 1)[0]]
        try:
            self._api.folder.get_folder(uid)
        except GrafanaClientError as error:
            if error.status_code != _NOT_FOUND:
                raise
            self._api.folder.create_folder(title=title, uid=uid)
        self._api.dashboard.update_dashboard(
            {"dashboard": {**pair.ours, "id": None}, "folderUid": uid, "overwrite": True, "message": message}
        )

    def export(self) -> Iterator[tuple[str, Model]]:
        """Yield uid and model of every dashboard in Grafana that carries our tag."""
        page = 1
        while found := self._api.search.search_dashboards(tag=TAG, type_="dash-db", limit=_PAGE, page=page):
            for hit in found:
                kept = self._get(hit["uid"])
                if kept is not None:  # it may have gone since the search
                    yield hit["uid"], kept["dashboard"]
            page += 1

    def _get(self, uid: str) -> Model | None:
        try:
            found: Model = self._api.dashboard.get_dashboard(uid)
        except GrafanaClientError as error:
            if error.status_code != _NOT_FOUND:
                raise
            return None
        return found
