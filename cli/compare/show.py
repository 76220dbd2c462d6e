"""A difference as text, as JSON and as an HTML page with drawings."""

from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from citywatch.clock import from_micros
from cli.compare.difference import AlarmPair, Change, Difference, Pair
from cli.compare.run import Alarm, Observation

_WIDTH: Final = 900
_ROW: Final = 22
_LABEL: Final = 260
_SEVERITIES: Final = {1: "#3b82c4", 2: "#d9a400", 3: "#e07000", 4: "#c62828"}
_STYLE: Final = (
    "body{font:14px sans-serif;margin:2em;max-width:60em}table{border-collapse:collapse}"
    "td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}svg text{font:12px sans-serif}"
)


def as_text(found: Difference) -> Iterator[str]:
    """Yield the lines of a report."""
    yield f"A: {found.names[0]}, {found.observations[0]:,} observations"
    yield f"B: {found.names[1]}, {found.observations[1]:,} observations"
    yield f"observations: {_counts(found.observation_changes())}"
    for key, stream in found.datastreams.items():
        yield f"  {'/'.join(key)}: {_counts(stream.changes)}"
        yield from (f"    {_observations(pair)}" for pair in stream.examples[:3])
    same = sum(not pair.changes for pair in found.alarms)
    yield f"alarms: {_counts(found.alarm_changes())}; {same} the same"
    yield from (f"  {_alarms(pair)}" for pair in found.alarms if pair.changes)


def as_json(found: Difference) -> dict[str, Any]:
    """Return the report for scripts."""
    return {
        "runs": list(found.names),
        "same": found.is_empty,
        "observations": {
            "count": list(found.observations),
            "changes": _plain(found.observation_changes()),
            "datastreams": {
                "/".join(key): {
                    "changes": _plain(stream.changes),
                    "examples": [
                        {"change": pair.change.value, "a": _reading(pair.a), "b": _reading(pair.b)}
                        for pair in stream.examples
                    ],
                }
                for key, stream in found.datastreams.items()
            },
        },
        "alarms": {
            "changes": _plain(found.alarm_changes()),
            "same": sum(not pair.changes for pair in found.alarms),
            "different": [
                {
                    "asset": pair.one.asset_id,
                    "rule": pair.one.rule_id,
                    "changes": [change.value for change in pair.changes],
                    "a": _alarm(pair.a),
                    "b": _alarm(pair.b),
                }
                for pair in found.alarms
                if pair.changes
            ],
        },
    }


def as_html(found: Difference) -> str:
    """Return a page of its own: alarms of both runs on one time axis, and how many observations differ."""
    verdict = "The runs are the same." if found.is_empty else "The runs differ."
    rows = "".join(
        f"<tr><td>{escape(', '.join(pair.changes))}</td><td>{escape(_alarms(pair))}</td></tr>"
        for pair in found.alarms
        if pair.changes
    )
    streams = "".join(
        f"<tr><td>{escape('/'.join(key))}</td><td>{escape(_counts(stream.changes))}</td><td>{_bar(stream.changes)}</td></tr>"
        for key, stream in found.datastreams.items()
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>Comparison of two runs</title><style>{_STYLE}</style>"
        f"<h1>Comparison of two runs</h1><p>{verdict}</p>"
        f"<p>A: {escape(found.names[0])}, {found.observations[0]:,} observations<br>"
        f"B: {escape(found.names[1])}, {found.observations[1]:,} observations</p>"
        f"<h2>Alarms</h2><p>{escape(_counts(found.alarm_changes()))}. Upper mark A, lower mark B; colours are"
        f" severities 1 blue to 4 red.</p>{_timeline(found.alarms)}<table>{rows}</table>"
        f"<h2>Observations</h2><p>{escape(_counts(found.observation_changes()))}</p><table>{streams}</table>\n"
    )


def _timeline(pairs: list[AlarmPair]) -> str:
    """Return a drawing with a row for each asset and rule, and a mark for each alarm of either run."""
    if not pairs:
        return ""
    rows = sorted({(pair.one.asset_id, pair.one.rule_id) for pair in pairs})
    times = [alarm.time for pair in pairs for alarm in (pair.a, pair.b) if alarm is not None]
    begin, length = min(times), max(1, max(times) - min(times))

    def x(alarm: Alarm) -> float:
        return _LABEL + (alarm.time - begin) / length * (_WIDTH - _LABEL - 10)

    parts = [f'<text x="0" y="{_ROW * number + 15}">{escape(" ".join(row))}</text>' for number, row in enumerate(rows)]
    for pair in pairs:
        top = _ROW * rows.index((pair.one.asset_id, pair.one.rule_id))
        for alarm, y in ((pair.a, top + 3), (pair.b, top + 12)):
            if alarm is not None:
                colour = _SEVERITIES.get(alarm.severity, "#555")
                parts.append(f'<rect x="{x(alarm):.1f}" y="{y}" width="4" height="7" fill="{colour}"/>')
    height = _ROW * len(rows) + 20
    ends = f"{_iso(begin)} to {_iso(begin + length)}"
    parts.append(f'<text x="{_LABEL}" y="{height - 4}" fill="#555">{ends}</text>')
    return f'<svg role="img" aria-label="alarms of both runs" width="{_WIDTH}" height="{height}">{"".join(parts)}</svg>'


def _bar(changes: Counter[Change]) -> str:
    width = min(200.0, 20 * changes.total() ** 0.5)
    return f'<svg width="200" height="10"><rect width="{width:.0f}" height="10" fill="#888"/></svg>'


def _counts(changes: Counter[Change]) -> str:
    return ", ".join(f"{changes[change]:,} {change}" for change in Change if changes[change]) or "no difference"


def _plain(changes: Counter[Change]) -> dict[str, int]:
    return {change.value: changes[change] for change in Change if changes[change]}


def _observations(pair: Pair) -> str:
    one = pair.a or pair.b
    assert one is not None
    sides = (f"{side.result:g} (quality {side.quality})" if side else "none" for side in (pair.a, pair.b))
    return f"{_iso(one.time)} {pair.change}: {' -> '.join(sides)}"


def _alarms(pair: AlarmPair) -> str:
    sides = (f"{_iso(side.time)} severity {side.severity}" if side else "none" for side in (pair.a, pair.b))
    return f"{pair.one.asset_id} {pair.one.rule_id}: {', '.join(pair.changes)}: {' -> '.join(sides)}"


def _reading(one: Observation | None) -> dict[str, Any] | None:
    return None if one is None else {"time": _iso(one.time), "result": one.result, "quality": one.quality}


def _alarm(one: Alarm | None) -> dict[str, Any] | None:
    return None if one is None else {"time": _iso(one.time), "severity": one.severity, "cause": one.cause}


def _iso(micros: int) -> str:
    return from_micros(micros).isoformat(timespec="milliseconds").replace("+00:00", "Z")
