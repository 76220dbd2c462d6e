"""What Grafana does to a query before it sends it: macros and variables, for the data source of PostgreSQL."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime


def expand(sql: str, *, begin: datetime, end: datetime, interval: str, variables: Mapping[str, Sequence[str]]) -> str:
    """Return SQL as the server gets it.

    Raises
    ------
    AssertionError
        Something of Grafana is left that nobody has expanded.
    """
    first, last = (f"'{instant.isoformat()}'" for instant in (begin, end))
    sql = sql.replace("$__timeFrom()", first).replace("$__timeTo()", last).replace("$__interval", interval)
    sql = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 BETWEEN {first} AND {last}", sql)
    for name, values in variables.items():
        quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
        sql = sql.replace(f"${{{name}:sqlstring}}", quoted)
    assert not re.search(r"\$__|\$\{", sql), sql
    return sql
