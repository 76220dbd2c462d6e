"""Where webhooks may go: never into networks of our own unless they are allowed, and without TLS only into those.

A name is resolved, its addresses are judged, and the connection goes to an address that was judged: nobody can answer
differently the second time (server-side request forgery by DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import httpcore
from httpcore import AsyncNetworkStream

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_RESOLVERS: Final = 64  # names that can be looked up at once: a name server that hangs must not hold up others
_SETTING: Final = "CITYWATCH_WEBHOOK_ALLOWED_NETWORKS"


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses may be reached: public ones by TLS, and whatever lies in the allowed networks."""

    allowed: tuple[Network, ...] = ()

    def refusal(self, address: Address, *, is_encrypted: bool) -> str | None:
        """Return why an address may not be reached, None when it may."""
        real = _embedded(address)
        if any(one in network for network in self.allowed for one in (address, real)):
            return None
        if not real.is_global or real.is_multicast:
            return f"{address} is not a public address; allow its network in {_SETTING} if it is meant"
        if not is_encrypted:
            return f"{address} would be reached without TLS; use https, or allow its network in {_SETTING}"
        return None

    def url_refusal(self, url: str) -> str | None:
        """Return why an endpoint cannot have this URL, as far as it can be told without asking a name server."""
        parts = urlsplit(url)
        if parts.username or parts.password:
            return "a URL with a password would be shown to everybody who lists endpoints; leave user and password out"
        if parts.fragment:
            return f"leave out the fragment #{parts.fragment}; it is never sent"
        is_encrypted = parts.scheme == "https"
        if not is_encrypted and not self.allowed:
            return f"write https://; plain http goes only to networks allowed in {_SETTING}, which is empty"
        try:
            address = ip_address((parts.hostname or "").strip("[]"))
        except ValueError:
            return None  # a name; its addresses are judged at every connection
        return self.refusal(address, is_encrypted=is_encrypted)


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(address.packed[-4:])
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged first; the rest is httpcore's own."""

    def __init__(self, rules: AddressRules, *, is_encrypted: bool) -> None:
        self._rules = rules
        self._is_encrypted = is_encrypted
        self._network = httpcore.AnyIOBackend()
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address of a name that may be reached and answers."""
        refused: list[str] = []
        failed: httpcore.ConnectError | None = None
        for address in await self._resolve(host, port):
            if why := self._rules.refusal(address, is_encrypted=self._is_encrypted):
                refused.append(why)
                continue
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failed = error
        if failed is not None:
            raise failed
        raise httpcore.ConnectError("; ".join(refused) or f"{host} has no address")

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts to connect."""
        await self._network.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} cannot be resolved: {error}") from error
        return [ip_address(entry[4][0]) for entry in found]
