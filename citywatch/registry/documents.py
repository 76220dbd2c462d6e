"""Reading YAML and CSV into checked entries that remember the line they came from."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from citywatch.registry.problems import Problems

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML comes with libyaml
_FEATURES: Final = re.compile(r'"features"\s*:\s*\[')
_NEXT: Final = re.compile(r"[^\s,]")
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One checked entry and its place, ``file:line``."""

    place: str
    value: T


def read_yaml_list(path: Path, schema: type[M], problems: Problems) -> list[Entry[M]]:
    """Return the entries of a YAML list; faults go to ``problems``."""
    node = _compose(path, problems)
    if node is None:
        return []
    if not isinstance(node, yaml.SequenceNode):
        problems.add(f"{path.name}:1", "expected a list of entries, each starting with '- '")
        return []
    entries = (_check(item, path, schema, problems) for item in node.value)
    return [entry for entry in entries if entry is not None]


def read_yaml_map(path: Path, schema: type[M], problems: Problems) -> Entry[M] | None:
    """Return the single entry that a YAML file consists of, or None after a fault."""
    node = _compose(path, problems)
    return None if node is None else _check(node, path, schema, problems)


def read_csv(path: Path, schema: type[M], problems: Problems) -> list[Entry[M]]:
    """Return one entry per row; empty cells count as absent, columns ``parameter.x`` become ``parameters``."""
    entries = []
    for line, row in _rows(path, problems):
        fields: dict[str, Any] = {key: cell for key, cell in row.items() if cell and "." not in key}
        parameters = {key.partition(".")[2]: _number(cell) for key, cell in row.items() if cell and "." in key}
        if parameters:
            fields["parameters"] = parameters
        entries += _checked(f"{path.name}:{line}", fields, schema, problems)
    return entries


def read_features(path: Path, schema: type[M], problems: Problems) -> list[Entry[M]]:
    """Return one entry per feature of a GeoJSON file of points: its properties, with ``longitude`` and ``latitude``."""
    entries: list[Entry[M]] = []
    for line, feature in _features(path, problems):
        place = f"{path.name}:{line}"
        geometry, fields = (
            feature.get(part) if isinstance(feature, dict) else None for part in ("geometry", "properties")
        )
        position = (
            geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
        )
        if not isinstance(fields, dict) or not isinstance(position, list) or len(position) < 2:
            problems.add(place, "expected a feature with properties and a Point of [longitude, latitude]")
            continue
        present = {key: value for key, value in fields.items() if value is not None}
        entries += _checked(place, {**present, "longitude": position[0], "latitude": position[1]}, schema, problems)
    return entries


def _checked(place: str, fields: Mapping[str, Any], schema: type[M], problems: Problems) -> list[Entry[M]]:
    try:
        return [Entry(place, schema.model_validate(fields))]
    except ValidationError as error:
        for fault in error.errors():
            problems.add(place, f"{'.'.join(str(part) for part in fault['loc'])}: {_text(fault)}")
        return []


def _features(path: Path, problems: Problems) -> Iterator[tuple[int, Any]]:
    """Yield the features of a collection, each with the line on which it starts."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        start = _FEATURES.search(text)
        if not isinstance(collection := json.loads(text), dict) or "features" not in collection or start is None:
            problems.add(f"{path.name}:1", "expected a GeoJSON FeatureCollection")
            return
    except UnicodeDecodeError as error:
        problems.add(path.name, f"not UTF-8: {error.reason} at byte {error.start}")
        return
    except json.JSONDecodeError as error:
        problems.add(f"{path.name}:{error.lineno}", f"not JSON: {error.msg}")
        return
    decoder, at, line, counted = json.JSONDecoder(), start.end(), 1, 0
    for _ in collection["features"]:
        at = _NEXT.search(text, at).start()  # type: ignore[union-attr]  # there is one more, the whole was read before
        line, counted = line + text.count("\n", counted, at), at
        feature, at = decoder.raw_decode(text, at)
        yield line, feature


def _rows(path: Path, problems: Problems) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                if None in row or None in row.values():
                    problems.add(f"{path.name}:{reader.line_num}", "the row has more or fewer cells than the header")
                    continue
                yield reader.line_num, {key: cell.strip() for key, cell in row.items()}
    except FileNotFoundError:
        problems.add(path.name, f"missing; expected at {path}")
    except (csv.Error, UnicodeDecodeError) as error:
        problems.add(path.name, f"not a CSV file in UTF-8: {error}")


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def _compose(path: Path, problems: Problems) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        problems.add(path.name, f"missing; expected at {path}")
        return None
    except UnicodeDecodeError as error:
        problems.add(path.name, f"not UTF-8: {error.reason} at byte {error.start}")
        return None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(f"{path.name}:{line}", f"not YAML: {error.problem}")
        return None
    if node is None:
        problems.add(f"{path.name}:1", "the file is empty")
    return node


def _check(node: yaml.Node, path: Path, schema: type[M], problems: Problems) -> Entry[M] | None:
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
        return Entry(f"{path.name}:{node.start_mark.line + 1}", schema.model_validate(value))
    except yaml.MarkedYAMLError as error:
        problems.add(f"{path.name}:{node.start_mark.line + 1}", f"not YAML: {error.problem}")
    except ValidationError as error:
        for fault in error.errors():
            line = _line_of(node, fault["loc"])
            problems.add(f"{path.name}:{line}", f"{'.'.join(str(part) for part in fault['loc'])}: {_text(fault)}")
    return None


def _text(fault: Mapping[str, Any]) -> str:
    given = fault.get("input")
    shown = f", not {given!r}" if isinstance(given, str | int | float | bool) else ""
    return f"{fault['msg']}{shown}" if fault["type"] != "extra_forbidden" else "unknown field; check its spelling"


def _line_of(node: yaml.Node, location: tuple[int | str, ...]) -> int:
    """Follow a pydantic location into the YAML tree as far as it goes; lines count from 1."""
    for part in location:
        child = None
        if isinstance(node, yaml.MappingNode):
            child = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
        if child is None:
            continue  # a missing field, or the tag of a union, which stands nowhere
        node = child
    return int(node.start_mark.line) + 1


def line_of(path: Path, location: tuple[int | str, ...]) -> int:
    """Return the line of a place in a YAML file that can be read, as far as the place exists; lines count from 1."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return 1 if node is None else _line_of(node, location)
