"""What all dashboards share: their head, the variables, the alarms in their charts, the links from one to the other."""

from dataclasses import dataclass, field
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.models import dashboard as m

from dashboards import texts
from dashboards.palette import State, surface
from dashboards.panels import link
from dashboards.query import PLUGIN, SOURCE, Query, Statements, literal
from dashboards.texts import Language, Text

CONSOLE: Final = "${console}"

AREA: Final = "system_id IN (${system:sqlstring}) AND district_id IN (${district:sqlstring})"
"""What the variables of a dashboard about all systems have chosen."""

EVERY: Final = "'*'"
"""What the variable ``asset`` holds for all, as Grafana puts it into SQL: a list of the whole city would be long."""


@dataclass(slots=True)
class Board:
    """A dashboard under construction, in one language: :meth:`put` panels, then take :attr:`made`.

    ``system`` is the one system it is about; None: the reader chooses systems. Statements may contain ``{filter}`` (all
    that the variables have chosen) and ``{area}`` (systems and districts alone).
    """

    uid: str
    title: Text
    language: Language
    file: str
    system: str | None = None
    period: str = "now-24h"
    tags: tuple[str, ...] = ()
    made: db.Dashboard = field(init=False)
    _statements: Statements = field(init=False)
    _panels: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        area, chosen, places = AREA, "", {}
        if self.system is not None:
            places = {"system": literal(self.system)}
            area = f"system_id = {places['system']} AND district_id IN (${{district:sqlstring}})"
            chosen = f" AND ({EVERY} IN (${{asset:sqlstring}}) OR asset_id IN (${{asset:sqlstring}}))"
        self._statements = Statements(self.file, self.language, area=area, filter=area + chosen, **places)
        other = address(self.uid, self.language.other)
        self.made = (
            db.Dashboard(self.title.said_in(self.language))
            .uid(self.uid if self.language is Language.EN else f"{self.uid}-zh")
            .tags(["citywatch", self.language.value, *self.tags])
            .refresh("30s")
            .time(self.period, "now")
            .timezone("browser")
            .tooltip(m.DashboardCursorSync.CROSSHAIR)
            .readonly()
            .with_variable(
                db.DatasourceVariable("datasource")
                .label(texts.DATA_SOURCE.said_in(self.language))
                .type(PLUGIN)
                .hide(m.VariableHide.HIDE_VARIABLE)
                .current(m.VariableOption(text="TimescaleDB", value="timescaledb"))
            )
            .with_variable(
                db.TextBoxVariable("console")
                .label(texts.CONSOLE.said_in(self.language))
                .default_value("http://localhost:8000")
                .hide(m.VariableHide.HIDE_VARIABLE)
            )
            .link(
                db.DashboardLink(texts.DASHBOARDS.said_in(self.language))
                .type(m.DashboardLinkType.DASHBOARDS)
                .tags(["citywatch", self.language.value])
                .as_dropdown(True)
                .keep_time(True)
                .include_vars(True)
            )
            .link(_way(texts.LANGUAGE_NAME.said_in(self.language.other), other))
            .link(_way(texts.CONSOLE.said_in(self.language), CONSOLE, new_tab=True))
        )

    def say(self, english: str, chinese: str) -> str:
        """Return the text in the language of the dashboard."""
        return Text(english, chinese).said_in(self.language)

    def query(self, name: str, **values: str | int) -> Query:
        """Return a named statement as a query."""
        return self._statements.query(name, **values)

    def put(self, panel: Any) -> None:
        """Add a panel; panels are numbered in order."""
        self._panels += 1
        self.made.with_panel(panel.id(self._panels))

    def choose_areas(self) -> None:
        """Let the reader choose systems, unless the dashboard is about one, and districts."""
        if self.system is None:
            self.made.with_variable(self._choice("system", texts.SYSTEM, "systems"))
        self.made.with_variable(self._choice("district", texts.DISTRICT, "districts"))

    def choose_assets(self) -> None:
        """Let the reader choose assets among those of the districts that carry sensors."""
        self.made.with_variable(self._choice("asset", texts.ASSET, "assets").all_value(EVERY))

    def choose_one(self, name: str, label: Text, statement: str) -> None:
        """Let the reader choose one of what a statement lists."""
        self.made.with_variable(
            db.QueryVariable(name)
            .label(label.said_in(self.language))
            .datasource(SOURCE)
            .query(self._statements.sql(statement))
            .refresh(m.VariableRefresh.ON_DASHBOARD_LOAD)
        )

    def show_alarms(self, statement: str = "serious_alarms", *, enabled: bool) -> None:
        """Draw major and critical alarms into the charts, from the start or when the reader wants them."""
        colors = {"critical": literal(surface(State.CRITICAL)), "major": literal(surface(State.MAJOR))}
        self.made.annotation(
            db.AnnotationQuery()
            .name(texts.SERIOUS_ALARMS.said_in(self.language))
            .datasource(SOURCE)
            .enable(enabled)
            .icon_color(surface(State.CRITICAL))
            .target(self.query(statement, **colors).ref_id("Anno"))
        )

    def to_console(self) -> dict[str, Any]:
        """Return a link from a row with ``asset_id`` to the asset in the console."""
        target = f"{CONSOLE}/#asset=${{__data.fields.asset_id:percentencode}}"
        return link(target, texts.OPEN_IN_CONSOLE.said_in(self.language))

    def to_sensor(self, *, datastream: bool) -> dict[str, Any]:
        """Return a link from a row with ``asset_id`` (and ``datastream_id``) to the sensor detail, in the same time."""
        target = f"{address('sensor', self.language)}?var-asset=${{__data.fields.asset_id:percentencode}}"
        if datastream:
            target += "&var-datastream=${__data.fields.datastream_id:percentencode}"
        target += "&from=${__from}&to=${__to}"
        return {**link(target, texts.OPEN_SENSOR.said_in(self.language)), "targetBlank": False}

    def _choice(self, name: str, label: Text, statement: str) -> db.QueryVariable:
        everything = m.VariableOption(selected=True, text=texts.ALL.said_in(self.language), value="$__all")
        return (
            db.QueryVariable(name)
            .label(label.said_in(self.language))
            .datasource(SOURCE)
            .query(self._statements.sql(statement))
            .refresh(m.VariableRefresh.ON_DASHBOARD_LOAD)
            .multi(True)
            .include_all(True)
            .current(everything)
        )


def address(uid: str, language: Language) -> str:
    """Return where a dashboard is, in a language."""
    return f"/d/{uid}" if language is Language.EN else f"/d/{uid}-zh"


def _way(title: str, url: str, *, new_tab: bool = False) -> db.DashboardLink:
    way = db.DashboardLink(title).type(m.DashboardLinkType.LINK).url(url)
    return way.target_blank(True) if new_tab else way.keep_time(True).include_vars(True)
