"""Receivers of webhooks: real HTTP servers, well-behaved ones and such as misbehave."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Reply:
    """What a receiver answers."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Receiver:
    """A receiver: answers as it was told to, 204 when it was told nothing more, and keeps what it got."""

    url: str
    answers: list[int | Reply] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hold: threading.Event | None = None

    def messages(self, secret: str) -> list[dict[str, Any]]:
        """Return the verified bodies."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.got]

    @property
    def ids(self) -> list[str]:
        """Return the identifiers of the messages, in the order in which they came."""
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver; with ``tls`` it speaks https as localhost."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            body = self.rfile.read(size)
            if len(body) < size:
                return  # the sender died in the middle
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if found.hold is not None:
                found.hold.wait(20)
            told = found.answers.pop(0) if found.answers else 204
            reply = Reply(told) if isinstance(told, int) else told
            self.send_response(reply.status)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            if reply.status != 204:
                self.send_header("content-length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        scheme, host = "http", "127.0.0.1"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            scheme, host = "https", "localhost"
        found = Receiver(f"{scheme}://{host}:{server.server_address[1]}/hook")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        if found.hold is not None:
            found.hold.set()
        server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # connections that are kept alive end with their clients

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave are what is tested."""


@contextmanager
def misbehaving(behave: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Run a receiver that does with each connection what it likes; the event is set at the end. Yield its URL."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):  # the client has gone
                behave(connection, ended)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
