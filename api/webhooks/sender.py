"""One POST to one endpoint: bounded in time and size, without redirects, to addresses that were judged."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpcore

from api.webhooks.addresses import AddressRules, GuardedNetwork

_CONNECTIONS: Final = 1000  # never the bound: the worker has fewer deliveries under way
_IDLE: Final = 15.0  # [s] how long a connection is kept for the next delivery, and its address is not judged again
_ANSWER: Final = 16 * 1024  # [bytes] of an answer that are read at most
_ANSWER_TIME: Final = 1.0  # [s] for its body, once status and headers are there
_EXCERPT: Final = 500  # [characters] of it that are kept


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``status`` None means no answer, and ``error`` says why."""

    status: int | None
    error: str | None
    retry_after: str | None = None
    excerpt: str | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the receiver took it: any 2xx, nothing else."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Posts to endpoints; connections are reused for a few seconds.

    Parameters
    ----------
    rules
        Which addresses may be reached.
    timeout
        Longest wait from the look-up of the name to the headers of the answer [s].
    tls
        Whose certificates are trusted.
    """

    def __init__(self, rules: AddressRules, *, timeout: float, tls: ssl.SSLContext) -> None:
        self.timeout = timeout
        self._tls = tls
        self._networks = {
            scheme: GuardedNetwork(rules, is_encrypted=scheme == b"https") for scheme in (b"http", b"https")
        }
        # one for each URL: a request looks at all connections of its pool, for each of them at all others
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post a body; whatever happens comes back as an answer."""
        target = httpcore.URL(url)
        if target.scheme not in self._networks:
            return Answer(None, f"{url} is neither https nor http")
        pool = self._pool(url, target.scheme)
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = None
        try:
            async with asyncio.timeout(self.timeout) as limit:
                async with pool.stream("POST", target, headers=fields, content=body) as response:
                    limit.reschedule(asyncio.get_running_loop().time() + _ANSWER_TIME)
                    answer = _answer(response)
                    excerpt = await _read(response)
                    return answer if answer.is_success else _with_excerpt(answer, excerpt)
        except TimeoutError:
            return answer or Answer(None, f"no answer within {self.timeout:g} s")
        except (*_FAILURES, OSError, ValueError) as error:
            return answer or Answer(None, _text(f"{type(error).__name__}: {error}"))

    def _pool(self, url: str, scheme: bytes) -> httpcore.AsyncConnectionPool:
        if url not in self._pools:
            self._pools[url] = httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=_CONNECTIONS,
                keepalive_expiry=_IDLE,
                network_backend=self._networks[scheme],
            )
        return self._pools[url]


_FAILURES: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)


def _answer(response: httpcore.Response) -> Answer:
    wishes = [value.decode("ascii", "replace") for name, value in response.headers if name.lower() == b"retry-after"]
    is_success = 200 <= response.status < 300
    error = None if is_success else f"HTTP status {response.status}"
    return Answer(response.status, error, wishes[0] if wishes else None)


async def _read(response: httpcore.Response) -> bytes:
    """Read an answer to its end, so that the connection can be used again, unless it is too long."""
    found = bytearray()
    async for part in response.aiter_stream():
        found += part
        if len(found) >= _ANSWER:
            break
    return bytes(found[:_ANSWER])


def _with_excerpt(answer: Answer, body: bytes) -> Answer:
    return Answer(answer.status, answer.error, answer.retry_after, _text(body.decode("utf-8", "replace")) or None)


def _text(text: str) -> str:
    """Return how a text begins, in characters that a database can hold."""
    return text[:_EXCERPT].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
