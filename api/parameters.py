"""Query parameters that a route does not know are refused: a filter that is misspelt must not look obeyed."""

import difflib
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError

PREFIX: Final = "/api/v1"
"""Below which all routes are."""


async def refuse_unknown_parameters(request: Request) -> None:
    """Compare the names of a query with what the API says of the route; a dependency of all routes.

    Raises
    ------
    RequestValidationError
        Names each unknown parameter and the one that was probably meant.
    """
    given = list(dict.fromkeys(request.query_params))
    if not given:
        return
    paths: dict[str, Any] = request.app.openapi()["paths"]
    operation = paths[PREFIX + request.scope["route"].path][request.method.lower()]
    known = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    faults = [
        {"loc": ("query", name), "msg": f"unknown parameter{_hint(name, known)}", "type": "extra_forbidden"}
        for name in given
        if name not in known
    ]
    if faults:
        raise RequestValidationError(faults)


def _hint(name: str, known: list[str]) -> str:
    similar = difflib.get_close_matches(name, known, n=1)
    if similar:
        return f"; did you mean {similar[0]}?"
    return f"; known are {', '.join(known)}" if known else "; this route has none"
