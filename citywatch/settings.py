"""Settings that several processes share; every process adds its own in its ``settings.py``.

All come from environment variables with the prefix ``CITYWATCH_``.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from citywatch.errors import Misconfigured
from citywatch.logs import LogFormat, LogLevel

PREFIX: Final = "CITYWATCH_"


class ProcessSettings(BaseSettings):
    """What every process has."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    database_url: SecretStr = SecretStr("postgresql://citywatch@127.0.0.1:5432/citywatch")
    broker_url: SecretStr = SecretStr("mqtt://127.0.0.1:1883")
    log_level: LogLevel = "info"
    log_format: LogFormat = "auto"
    time_zone: str = "Asia/Shanghai"

    @field_validator("time_zone")
    @classmethod
    def check_zone(cls, name: str) -> str:
        """Refuse names that the time zone database does not know."""
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("there is no such time zone; write one like Asia/Shanghai") from error
        return name


S = TypeVar("S", bound=ProcessSettings)


def load_settings(settings: type[S]) -> S:
    """Read the settings of a process from the environment.

    Raises
    ------
    Misconfigured
        A variable has an unusable value; the text names it.
    """
    try:
        return settings()
    except ValidationError as error:
        faults = [
            f"{PREFIX}{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}, not {fault['input']!r}"
            for fault in error.errors()
        ]
        raise Misconfigured("\n".join(faults)) from error


def check_variables(environment: Mapping[str, str], known: Iterable[type[ProcessSettings]]) -> None:
    """Refuse ``CITYWATCH_`` variables that no process reads, which are mostly slips of the pen.

    Raises
    ------
    Misconfigured
        Names the variable and the one that was probably meant.
    """
    names = {f"{PREFIX}{field.upper()}" for settings in known for field in settings.model_fields}
    for variable in environment:
        if variable.startswith(PREFIX) and variable not in names:
            similar = difflib.get_close_matches(variable, names, n=1)
            hint = f"; did you mean {similar[0]}?" if similar else f"; known are {', '.join(sorted(names))}"
            raise Misconfigured(f"unknown setting {variable}{hint}")
