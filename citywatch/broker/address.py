"""Where the broker is."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from citywatch.errors import Misconfigured

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens, and as whom to log in."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    @classmethod
    def from_url(cls, url: str) -> "BrokerAddress":
        """Parse ``mqtt://[user:password@]host[:port]`` or ``mqtts://...``.

        Raises
        ------
        Misconfigured
            Another scheme, no host, or an impossible port.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Misconfigured(f"CITYWATCH_BROKER_URL: {error}; write mqtt://host:port") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise Misconfigured(
                f"CITYWATCH_BROKER_URL {_without_password(url)!r} is not of the form mqtt://host:port or mqtts://host:port"
            )
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://...{at}{tail}" if at else url
