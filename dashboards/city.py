"""City overview: is anything wrong, and where? The home of operators."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import common as cm
from grafana_foundation_sdk.models import dashboard as m

from dashboards import panels, texts
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, grid, link, series, state_cells
from dashboards.query import PLUGIN, SOURCE, Statements, literal
from dashboards.texts import Language, Text

UID: Final = "city"
CONSOLE: Final = "${console}"

_SEVERITY_TITLE: Final = {
    State.CRITICAL: Text("Critical", "紧急"),
    State.MAJOR: Text("Major", "重要"),
    State.MINOR: Text("Minor", "次要"),
    State.ADVISORY: Text("Advisory", "提示"),
}


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""

    def say(english: str, chinese: str) -> str:
        return Text(english, chinese).said_in(language)

    sql = Statements("city.sql", language)
    shared = Statements("shared.sql", language)
    board = (
        db.Dashboard(say("City overview", "城市总览"))
        .uid(UID if language is Language.EN else f"{UID}-zh")
        .tags(["citywatch", "home", language.value])
        .refresh("30s")
        .time("now-24h", "now")
        .timezone("browser")
        .tooltip(m.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(_source(language))
        .with_variable(_choice("system", texts.SYSTEM.said_in(language), shared.sql("systems"), language))
        .with_variable(_choice("district", texts.DISTRICT.said_in(language), shared.sql("districts"), language))
        .with_variable(
            db.TextBoxVariable("console")
            .label(texts.CONSOLE.said_in(language))
            .default_value("http://localhost:8000")
            .hide(m.VariableHide.HIDE_VARIABLE)
        )
        .annotation(
            db.AnnotationQuery()
            .name(texts.SERIOUS_ALARMS.said_in(language))
            .datasource(SOURCE)
            .enable(False)
            .icon_color(surface(State.CRITICAL))
            .target(
                shared.query(
                    "serious_alarms",
                    critical=literal(surface(State.CRITICAL)),
                    major=literal(surface(State.MAJOR)),
                ).ref_id("Anno")
            )
        )
        .link(
            db.DashboardLink(texts.LANGUAGE_NAME.said_in(language.other))
            .type(m.DashboardLinkType.LINK)
            .url("/d/city-zh" if language is Language.EN else "/d/city")
            .keep_time(True)
            .include_vars(True)
        )
    )

    for place, state in enumerate(panels.SEVERITIES):
        board.with_panel(
            panels.number(
                _SEVERITY_TITLE[state].said_in(language),
                say(
                    "Open alarms of this severity whose condition still holds.",
                    "当前仍成立的该级别告警数。",
                ),
                sql.query("active_alarms", severity=int(state)),
                grid(3 * place, 0, 3, 4),
                color=surface(state),
            ).id(1 + place)
        )
    board.with_panel(
        panels.number(
            say("To acknowledge", "待确认"),
            say("Open alarms that nobody has acknowledged.", "尚未有人确认的告警数。"),
            sql.query("unacknowledged_alarms"),
            grid(12, 0, 3, 4),
            color=surface(State.MINOR),
        ).id(5)
    )
    board.with_panel(
        panels.share(
            say("Bridges monitored", "桥梁监测覆盖率"),
            say(
                "Bridges whose coverage rule holds, of all bridges that should be monitored; the target is 100 %.",
                "满足覆盖规则的桥梁占应监测桥梁的比例；目标为 100 %。",
            ),
            sql.query("bridges_monitored", share=literal(say("%s of %s, target %s %%", "%s / %s 座，目标 %s %%"))),
            grid(15, 0, 5, 4),
            no_figure=texts.NO_FIGURE.said_in(language),
        ).id(6)
    )
    board.with_panel(
        panels.share(
            say("Sensors reporting", "传感器在线率"),
            say(
                "Installed sensors all of whose datastreams have reported within their expected time.",
                "所有数据流均按期上报的已安装传感器比例。",
            ),
            sql.query("sensors_reporting", share=literal(say("%s of %s", "%s / %s 个"))),
            grid(20, 0, 4, 4),
            no_figure=texts.NO_FIGURE.said_in(language),
        ).id(7)
    )
    board.with_panel(
        panels.asset_map(
            say("Assets", "设施分布"),
            say(
                "Every asset with sensors, in the colour of its state; larger is worse. Outlines are schematic.",
                "装有传感器的设施，颜色表示状态，越大越严重。轮廓为示意。",
            ),
            sql.query("map"),
            grid(0, 4, 12, 15),
            language=language,
            outlines=f"{CONSOLE}/api/v1/districts.geojson",
        ).id(8)
    )
    board.with_panel(_worst(sql, language).id(9))
    board.with_panel(_indicators(sql, language).id(10))
    raised = panels.bars(
        panels.chart(
            say("Alarms raised", "告警数量"),
            say(
                "Alarms by the time they were raised and the worst severity they reached.", "按发生时间与最高级别统计。"
            ),
            sql.query("alarms_raised"),
            grid(0, 19, 12, 7),
            unit="short",
        ).interval("30m")
    ).decimals(0)
    for state in panels.SEVERITIES:
        title = _SEVERITY_TITLE[state].said_in(language)
        series(raised, state.name.lower(), title=title, color=surface(state))
    board.with_panel(raised.id(11))
    board.with_panel(
        panels.timeline(
            say("Systems over time", "各系统状态"),
            say(
                "The worst active alarm of each system; purple: nothing was received.",
                "各系统最严重的告警；紫色：无数据。",
            ),
            sql.query("system_history"),
            grid(12, 19, 12, 7),
            language=language,
        )
        .interval("15m")
        .id(12)
    )
    ingest = panels.chart(
        say("Readings per minute", "每分钟读数"),
        say(
            "What became of the readings received (ledger): stored, repeated, in conflict, rejected.",
            "已接收读数的去向（台账）：入库、重复、冲突、拒绝。",
        ),
        sql.query("ingest"),
        grid(0, 26, 12, 7),
        unit="short",
    ).insert_nulls(180_000.0)
    for name, title, color in (
        ("stored", say("stored", "入库"), QUIET),
        ("duplicate", say("duplicate", "重复"), surface(State.ADVISORY)),
        ("conflict", say("conflict", "冲突"), surface(State.MINOR)),
        ("rejected", say("rejected", "拒绝"), surface(State.MAJOR)),
    ):
        series(ingest, name, title=title, color=color)
    board.with_panel(ingest.id(13))
    coverage = panels.chart(
        say("Bridges monitored, by day", "桥梁监测覆盖率（按日）"),
        say(
            "Last figure of each local day, and the target. Choose a range of weeks to see the trend.",
            "每日最后一次计算结果与目标。选择数周范围可看趋势。",
        ),
        sql.query("coverage_history"),
        grid(12, 26, 12, 7),
        unit="percent",
    ).max(100)
    series(coverage, "monitored", title=say("monitored", "已监测"), color=surface(State.ADVISORY))
    series(coverage, "target", title=say("target", "目标"), color=QUIET)
    board.with_panel(coverage.show_points(cm.VisibilityMode.AUTO).id(14))
    return board


def _worst(sql: Statements, language: Language) -> table.Panel:
    def say(english: str, chinese: str) -> str:
        return Text(english, chinese).said_in(language)

    panel = panels.listing(
        say("Worst assets", "最需关注"),
        say(
            "Assets in alarm or without data, the worst first; the link opens the console.",
            "处于告警或无数据的设施，最严重者在前。",
        ),
        sql.query("worst"),
        grid(12, 4, 12, 8),
        empty=texts.NOTHING_ABNORMAL.said_in(language),
    )
    address = f"{CONSOLE}/#asset=${{__data.fields.asset_id:percentencode}}"
    column(panel, "state", title=say("State", "状态"), width=90, **state_cells(language))
    column(
        panel, "asset", title=say("Asset", "设施"), width=190,
        links=[link(address, texts.OPEN_IN_CONSOLE.said_in(language))],
    )  # fmt: skip
    column(panel, "what", title=say("What", "情况"), custom__cellOptions={"type": "auto", "wrapText": True})
    column(panel, "lasts", title=say("For", "持续"), width=90, unit="s", decimals=0)
    column(panel, "unacknowledged", title=say("To ack.", "待确认"), width=75)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)


def _indicators(sql: Statements, language: Language) -> table.Panel:
    def say(english: str, chinese: str) -> str:
        return Text(english, chinese).said_in(language)

    panel = panels.listing(
        say("Extremes now", "当前极值"),
        say(
            "The largest newest value of good quality per observed property, and where it was measured.",
            "各观测项当前质量合格的最大值及其位置。",
        ),
        sql.query("indicators"),
        grid(12, 12, 12, 7),
        empty=texts.NO_FIGURE.said_in(language),
    )
    address = f"{CONSOLE}/#asset=${{__data.fields.asset_id:percentencode}}"
    column(panel, "property", title=say("Property", "观测项"))
    column(panel, "value", title=say("Value", "数值"), width=110)
    column(panel, "asset", title=say("Asset", "设施"), links=[link(address, texts.OPEN_IN_CONSOLE.said_in(language))])
    column(panel, "ts", title=say("Measured", "测量时间"), width=130, unit="dateTimeFromNow")
    column(panel, "state", title=say("State", "状态"), width=90, **state_cells(language))
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)


def _source(language: Language) -> db.DatasourceVariable:
    return (
        db.DatasourceVariable("datasource")
        .label(texts.DATA_SOURCE.said_in(language))
        .type(PLUGIN)
        .hide(m.VariableHide.HIDE_VARIABLE)
        .current(m.VariableOption(text="TimescaleDB", value="timescaledb"))
    )


def _choice(name: str, label: str, sql: str, language: Language) -> db.QueryVariable:
    return (
        db.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(sql)
        .refresh(m.VariableRefresh.ON_DASHBOARD_LOAD)
        .multi(True)
        .include_all(True)
        .current(m.VariableOption(selected=True, text=texts.ALL.said_in(language), value="$__all"))
    )
