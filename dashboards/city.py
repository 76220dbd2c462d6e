"""City overview: is anything wrong, and where? The home of operators."""

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import common as cm

from dashboards import overview, panels, texts
from dashboards.board import Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, grid, series, state_cells
from dashboards.query import literal
from dashboards.texts import Language, Text


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("city", Text("City overview", "城市总览"), language, "city.sql", tags=("home",))
    board.choose_areas()
    board.show_alarms(enabled=False)
    say = board.say
    overview.headline(board)
    board.put(
        panels.share(
            say("Bridges monitored", "桥梁监测覆盖率"),
            say(
                "Bridges whose coverage rule holds, of all bridges that should be monitored; the target is 100 %.",
                "满足覆盖规则的桥梁占应监测桥梁的比例；目标为 100 %。",
            ),
            board.query("bridges_monitored", share=literal(say("%s of %s, target %s %%", "%s / %s 座，目标 %s %%"))),
            grid(15, 0, 5, 4),
            no_figure=texts.NO_FIGURE.said_in(language),
        )
    )
    board.put(overview.sensors_reporting(board, grid(20, 0, 4, 4)))
    board.put(overview.asset_map(board, grid(0, 4, 12, 15)))
    board.put(overview.worst_assets(board, grid(12, 4, 12, 8)))
    board.put(_extremes(board))
    board.put(overview.alarms_raised(board, grid(0, 19, 12, 7)))
    board.put(
        panels.timeline(
            say("Systems over time", "各系统状态"),
            say(
                "The worst active alarm of each system; purple: nothing was received.",
                "各系统最严重的报警；紫色：无数据。",
            ),
            board.query("system_history"),
            grid(12, 19, 12, 7),
            language=language,
        ).interval("15m")
    )
    board.put(overview.readings(board, grid(0, 26, 12, 7)))
    coverage = panels.chart(
        say("Bridges monitored, by day", "桥梁监测覆盖率（按日）"),
        say(
            "Last figure of each local day, and the target.",
            "每日最后一次计算结果与目标。",
        ),
        board.query("coverage_history"),
        grid(12, 26, 12, 7),
        unit="percent",
    ).max(100)
    series(coverage, "monitored", title=say("monitored", "已监测"), color=surface(State.ADVISORY))
    series(coverage, "target", title=say("target", "目标"), color=QUIET)
    board.put(coverage.show_points(cm.VisibilityMode.AUTO).time_from("30d"))
    return board.made


def _extremes(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Extremes now", "当前极值"),
        say(
            "The largest newest value of good quality per observed property, and where it was measured.",
            "各观测项当前质量合格的最大值及其位置。",
        ),
        board.query("indicators"),
        grid(12, 12, 12, 7),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "property", title=say("Property", "观测项"), width=135)
    column(panel, "value", title=say("Value", "数值"), width=110)
    column(panel, "asset", title=say("Asset", "设施"), links=[board.to_console(), board.to_sensor(datastream=True)])
    column(panel, "ts", title=say("Measured", "测量时间"), width=115, unit="dateTimeFromNow")
    column(panel, "state", title=say("State", "状态"), width=90, **state_cells(board.language))
    column(panel, "datastream_id", title="datastream_id", custom__hidden=True)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)
