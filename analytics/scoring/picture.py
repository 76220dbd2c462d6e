"""A picture of labelled series and what was said of them, as one page of HTML with SVG in it."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.methods.ticks import Floats
from analytics.scoring.frozen import Verdict
from analytics.scoring.labelled import Labelled

_WIDTH: Final = 1100
_HEIGHT: Final = 110
_STYLE: Final = (
    "body{font:13px sans-serif;margin:1.5em;color:#222}svg{display:block;border:1px solid #ddd;margin:.2em 0 1em}"
    "path{fill:none;stroke:#356;stroke-width:1}rect{fill:#f5c16c;opacity:.6}rect.fitted{fill:#eee;opacity:1}"
    "line{stroke:#c11;stroke-width:1.5}"
)


def picture(series: Sequence[Labelled], verdicts: Sequence[Verdict]) -> str:
    """Return a page: each series with its fitted rows in grey, labelled windows in yellow, alarms as red lines."""
    parts = [_series(one, verdict) for one, verdict in zip(series, verdicts, strict=True)]
    title = "Labelled series and alarms"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>Grey: learned from, not scored. Yellow: labelled. Red: rows in which an alarm begins.</p>"
        + "".join(parts)
        + "</html>\n"
    )


def _series(series: Labelled, verdict: Verdict) -> str:
    rows = len(series.time)
    across = _WIDTH / max(rows - 1, 1)
    begins = np.flatnonzero(verdict.state & ~np.concatenate([[False], verdict.state[:-1]]))
    marks = [_box(0, series.fitted * across, " class='fitted'")]
    marks += [_box(begin * across, max((end - begin) * across, 1.5), "") for begin, end in series.windows]
    lines = [_line(channel, across) for channel in series.values.T]
    lines += [f"<line x1='{x:.1f}' x2='{x:.1f}' y1='0' y2='{_HEIGHT}'/>" for x in begins * across]
    return (
        f"<h2>{escape(series.name)}</h2><svg width='{_WIDTH}' height='{_HEIGHT}' role='img' "
        f"aria-label='{escape(series.name, quote=True)}'>{''.join(marks + lines)}</svg>"
    )


def _box(left: float, width: float, attributes: str) -> str:
    return f"<rect{attributes} x='{left:.1f}' y='0' width='{width:.1f}' height='{_HEIGHT}'/>"


def _line(channel: Floats, across: float) -> str:
    """Return a channel as a path through least and largest value of each pixel."""
    pixel = (np.arange(len(channel)) * across).astype(np.intp)
    here = np.isfinite(channel)
    if not here.any():
        return ""
    low, high = float(channel[here].min()), float(channel[here].max())
    level = _HEIGHT - 5 - (channel - low) / max(high - low, 1e-300) * (_HEIGHT - 10)
    points = [f"{x},{y:.1f}" for x in np.unique(pixel[here]).tolist() for y in _ends(level[here & (pixel == x)])]
    return f"<path d='M{' L'.join(points)}'/>"


def _ends(values: NDArray[np.float64]) -> list[float]:
    return [float(values[0]), float(values.min()), float(values.max())] if len(values) > 1 else [float(values[0])]
