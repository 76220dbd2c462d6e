"""SQL in dashboards: named statements in ``.sql`` files, and the query type that grafana-foundation-sdk lacks.

A statement may contain ``{lang}`` (``en`` or ``zh``, the suffix of name columns), ``{midnight}`` and the values its
caller gives. Grafana's own ``${...}`` and ``$__...`` pass through.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from grafana_foundation_sdk.cog import builder, runtime, variants
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.texts import Language

PLUGIN: Final = "grafana-postgresql-datasource"
SOURCE: Final = DataSourceRef(type_val=PLUGIN, uid="${datasource}")

MIDNIGHT: Final = "TIMESTAMPTZ '2000-01-03 00:00:00+08'"
"""An instant that all time buckets start from: a Monday midnight of the city."""

_PLACE: Final = re.compile(r"(?<!\$)\{(\w+)\}")


class PostgresQuery(variants.Dataquery):
    """A query of Grafana's PostgreSQL data source, written by hand (grafana-foundation-sdk#447)."""

    def __init__(self, sql: str, *, form: str = "table", ref_id: str = "A") -> None:
        self.sql = sql
        self.form = form
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """Return what Grafana stores."""
        return {
            "refId": self.ref_id,
            "datasource": SOURCE,
            "rawSql": self.sql,
            "format": self.form,
            "rawQuery": True,
            "editorMode": "code",
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "PostgresQuery":
        """Return the query that Grafana has stored."""
        return cls(data["rawSql"], form=data["format"], ref_id=data["refId"])


class Query(builder.Builder[PostgresQuery]):
    """A statement on its way into a panel; it yields a table unless told otherwise."""

    def __init__(self, sql: str) -> None:
        self._query = PostgresQuery(sql)

    def time_series(self) -> "Query":
        """Yield series: a column ``time``, ascending; texts become labels."""
        self._query.form = "time_series"
        return self

    def ref_id(self, ref_id: str) -> "Query":
        """Name the query within its panel."""
        self._query.ref_id = ref_id
        return self

    def build(self) -> PostgresQuery:
        """Return the query."""
        return self._query


class Statements:
    """The named statements of a ``.sql`` file of this package and those that all share, in one language.

    ``places`` are values that every statement may contain.
    """

    def __init__(self, file: str, language: Language, **places: str) -> None:
        self._texts = {**_read("shared.sql"), **_read(file)}
        self._places = {"lang": language.value, "midnight": MIDNIGHT, **places}

    def sql(self, name: str, **values: str | int) -> str:
        """Return a statement with its places filled.

        Raises
        ------
        KeyError
            There is no such statement, or a place without a value.
        """
        given: Mapping[str, str | int] = {**self._places, **values}
        return _PLACE.sub(lambda place: str(given[place[1]]), self._texts[name])

    def query(self, name: str, **values: str | int) -> Query:
        """Return a statement as a query."""
        return Query(self.sql(name, **values))


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def register() -> None:
    """Let the SDK read our queries back."""
    runtime.register_dataquery_variant(
        runtime.DataqueryConfig(identifier=PLUGIN, from_json_hook=PostgresQuery.from_json)
    )


def _read(file: str) -> dict[str, str]:
    text = files("dashboards").joinpath(file).read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
