"""SQL lives in ``.sql`` files beside the modules that use it; a line ``-- name: x`` starts the statement ``x``."""

from importlib.resources import files
from typing import Final

_MARK: Final = "-- name: "


def load_sql(package: str, file: str) -> dict[str, bytes]:
    """Return the named statements of a file of a package."""
    statements: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in files(package).joinpath(file).read_text(encoding="utf-8").splitlines():
        if line.startswith(_MARK):
            lines = statements.setdefault(line.removeprefix(_MARK).strip(), [])
        else:
            lines.append(line)
    return {name: "\n".join(text).strip().encode() for name, text in statements.items()}
