"""Layouts: what the columns of a data set's CSV files mean, as declarative YAML (docs/reference/recording.md)."""

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from citywatch.errors import Misconfigured
from citywatch.model.identifiers import IDENTIFIER
from citywatch.model.units import is_known
from citywatch.registry.documents import read_yaml_map
from citywatch.registry.problems import Problems

ISO: Final = "iso"
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_ENCODINGS: Final = ("utf-8", "latin-1")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeColumn(_Entry):
    """Where the time stands: ``format`` is ``iso`` or one of strptime; ``zone`` holds for times that name none."""

    column: str
    format: str = ISO
    zone: str = "UTC"

    @field_validator("format")
    @classmethod
    def check_format(cls, form: str) -> str:
        if form != ISO and not {"%Y", "%m", "%d", "%H", "%M", "%S"} <= set(re.findall("%.", form)):
            raise ValueError("write 'iso', or a pattern of strptime with %Y, %m, %d, %H, %M and %S")
        return form

    @field_validator("zone")
    @classmethod
    def check_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("unknown time zone; write one such as UTC or Europe/Berlin")
        return zone

    def parse(self, cell: str, zone: ZoneInfo) -> datetime:
        """Return the aware instant a cell names.

        Raises
        ------
        ValueError
            It names none.
        """
        time = datetime.fromisoformat(cell) if self.format == ISO else datetime.strptime(cell, self.format)  # noqa: DTZ007  # the zone follows
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)


class ValueColumn(_Entry):
    """A column of numbers; ``sensor`` is ``district/system/asset/sensor``, a level ``{column}`` stands in the row."""

    column: Annotated[str, Field(min_length=1)]
    sensor: str
    property_id: Annotated[str, Field(pattern=f"^{IDENTIFIER.pattern}$")]
    unit: str

    @field_validator("sensor")
    @classmethod
    def check_sensor(cls, sensor: str) -> str:
        levels = sensor.split("/")
        if len(levels) != 4 or not all(IDENTIFIER.fullmatch(level) or _PLACE.fullmatch(level) for level in levels):
            raise ValueError("write district/system/asset/sensor in identifiers, or {column} for one of them")
        return sensor

    @field_validator("unit")
    @classmethod
    def check_unit(cls, unit: str) -> str:
        if not is_known(unit):
            raise ValueError("unknown unit; use one of citywatch.model.units.py")
        return unit

    @property
    def places(self) -> list[str]:
        """The columns that levels of the sensor are taken from."""
        return _PLACE.findall(self.sensor)


class FileShape(_Entry):
    """Files of one shape: names that ``match``, and every column either used or ignored on purpose.

    ``pack`` readings of a sensor leave in one message.
    """

    match: Annotated[str, Field(min_length=1)]
    encoding: str = "utf-8"
    time: TimeColumn
    pack: Annotated[int, Field(ge=1, le=10_000)] = 1
    values: Annotated[tuple[ValueColumn, ...], Field(min_length=1)]
    ignore: tuple[str, ...] = ()

    @field_validator("encoding")
    @classmethod
    def check_encoding(cls, encoding: str) -> str:
        if encoding not in _ENCODINGS:
            raise ValueError(f"unknown encoding; known are {', '.join(_ENCODINGS)}")
        return encoding

    @field_validator("values")
    @classmethod
    def check_values(cls, values: tuple[ValueColumn, ...]) -> tuple[ValueColumn, ...]:
        columns = [value.column for value in values]
        streams = [(value.sensor, value.property_id) for value in values]
        if len(set(columns)) != len(columns) or len(set(streams)) != len(streams):
            raise ValueError("a column, and a property of a sensor, stands here once")
        return values

    @property
    def columns(self) -> set[str]:
        """The columns a file of this shape must have."""
        return {self.time.column, *(v.column for v in self.values), *(p for v in self.values for p in v.places)}


class Layout(_Entry):
    """A data set: its source, licence and city, and the shapes of its files; the first that matches counts."""

    source: Annotated[str, Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]
    city: Annotated[str, Field(pattern=f"^{IDENTIFIER.pattern}$")]
    files: Annotated[tuple[FileShape, ...], Field(min_length=1)]

    def shape_of(self, path: Path) -> FileShape:
        """Return the shape of a file, by its name.

        Raises
        ------
        Misconfigured
            No shape matches.
        """
        for shape in self.files:
            if fnmatchcase(path.name, shape.match):
                return shape
        known = ", ".join(shape.match for shape in self.files)
        raise Misconfigured(f"{path.name} fits no shape of the layout, which knows {known}; add one to its 'files'")


def load_layout(name: str) -> Layout:
    """Read and check a layout.

    Parameters
    ----------
    name
        Name of a layout that comes with citywatch, or the path of a YAML file.

    Raises
    ------
    Misconfigured
        There is no such layout, or it is wrong; the text lists every fault as ``file:line``.
    """
    folder = Path(str(files("simulators.recordings"))) / "layouts"
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(layout.stem for layout in folder.glob("*.yaml")))
        raise Misconfigured(f"--layout: there is no layout {name!r}; known are {known}, or name a .yaml file of yours")
    problems = Problems()
    entry = read_yaml_map(path, Layout, problems)
    if problems.found or entry is None:
        raise Misconfigured("\n".join([f"{len(problems.found)} error(s) in the layout:", *problems.found]))
    return entry.value
