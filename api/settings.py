"""Settings of the API and of webhook delivery."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from citywatch.settings import ProcessSettings


class ApiSettings(ProcessSettings):
    """``CITYWATCH_API_...``"""

    api_host: str = "127.0.0.1"
    """Address to listen on. There is no log-in yet: keep it on the loopback interface or behind a proxy."""

    api_port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    api_connections: Annotated[int, Field(ge=1, le=100)] = 10
    """Database connections of one API process."""

    api_cors_origins: tuple[str, ...] = ()
    """Origins of other web pages that may read the API, Grafana's for its maps."""

    webhook_timeout: Annotated[float, Field(gt=0, le=60)] = 15.0
    """Longest wait for the answer of an endpoint [s]."""

    webhook_concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    """Deliveries under way at once to one endpoint; one that fails gets one at a time."""

    webhook_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that are not public, or are reached without TLS, to which webhooks may go all the same."""
