"""What Grafana does to a query before it sends it: macros and variables, for the data source of PostgreSQL."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

Ask = Callable[[str], Sequence[tuple[Any, ...]]]


def choose(board: Mapping[str, Any], ask: Ask, *, everything: bool) -> dict[str, str]:
    """Return what the variables of a dashboard put into SQL: everything they offer, or the first of it.

    ``ask`` runs a statement and returns its rows. A variable sees those before it; one that offers nothing is empty.
    """
    chosen: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            values = [str(row[1]) for row in ask(put_in(variable["query"], chosen))]
            if everything and variable.get("allValue"):
                chosen[variable["name"]] = variable["allValue"]
            else:
                taken = values if everything and variable.get("includeAll") else values[:1]
                chosen[variable["name"]] = ",".join("'" + value.replace("'", "''") + "'" for value in taken) or "''"
    return chosen


def put_in(sql: str, chosen: Mapping[str, str]) -> str:
    """Return SQL with variables put in, by ``${name:sqlstring}``: right for one value and for several."""
    for name, values in chosen.items():
        sql = sql.replace(f"${{{name}:sqlstring}}", values)
    return sql


def expand(sql: str, *, begin: datetime, end: datetime, interval: str, chosen: Mapping[str, str]) -> str:
    """Return SQL as the server gets it.

    Raises
    ------
    AssertionError
        Something of Grafana is left that nobody has expanded.
    """
    first, last = (f"'{instant.isoformat()}'" for instant in (begin, end))
    sql = sql.replace("$__timeFrom()", first).replace("$__timeTo()", last).replace("$__interval", interval)
    sql = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {first} AND {last}", sql)
    sql = put_in(sql, chosen)
    assert not re.search(r"\$__|\$\{", sql), sql
    return sql
