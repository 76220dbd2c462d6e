"""Coverage: is everything monitored that should be?"""

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import geomap, table
from grafana_foundation_sdk.models import common as cm

from dashboards import panels, texts
from dashboards.board import CONSOLE, Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, gauge_cells, grid, series
from dashboards.query import literal
from dashboards.texts import Language, Text

_VERDICTS = {
    "not-installed": (Text("not installed", "未安装"), State.MAJOR),
    "not-reporting": (Text("not reporting", "未上报"), State.NO_DATA),
    "not-passing": (Text("not passing", "质量不合格"), State.MINOR),
    "not-calibrated": (Text("not calibrated", "未校准"), State.ADVISORY),
}


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("coverage", Text("Coverage", "监测覆盖"), language, "coverage.sql", period="now-30d")
    board.choose_areas()
    board.show_alarms(enabled=False)
    say = board.say
    board.put(
        panels.share(
            say("Monitored", "已监测"),
            say(
                "Assets whose coverage rule holds, of all that should be monitored.",
                "满足覆盖规则的设施占应监测设施的比例。",
            ),
            board.query("monitored", share=literal(say("%s of %s", "%s / %s 处"))),
            grid(0, 0, 6, 4),
            no_figure=texts.NO_FIGURE.said_in(language),
        )
    )
    for place, (name, english, chinese, description, description_zh) in enumerate(
        (
            ("required", "Required", "应监测", "Assets that should be monitored.", "应监测的设施数。"),
            (
                "installed",
                "Installed",
                "已安装",
                "Assets with every property their rule requires.",
                "已安装全部规定观测项的设施数。",
            ),
            (
                "reporting",
                "Reporting",
                "在报",
                "Installed assets that report within the window.",
                "在窗口内上报的已安装设施数。",
            ),
        )
    ):
        board.put(
            panels.figure(
                say(english, chinese),
                say(description, description_zh),
                board.query("count_of", column=name),
                grid(6 + 4 * place, 0, 4, 4),
                unit="short",
            )
        )
    board.put(
        panels.number(
            say("Gaps", "缺口"),
            say("Assets that are not monitored though they should be.", "应监测而未监测的设施数。"),
            board.query("gaps"),
            grid(18, 0, 6, 4),
            color=surface(State.MAJOR),
        )
    )
    board.put(_by_district(board))
    board.put(_blind_spots(board))
    board.put(_trend(board))
    board.put(_funnel(board))
    board.put(_why(board))
    board.put(
        panels.ranking(
            say("Why not monitored", "未监测原因"),
            say("Gaps by the first reason that applies.", "按首个原因统计的缺口数。"),
            board.query("reasons"),
            grid(16, 23, 8, 10),
            unit="short",
            empty=say("no gap", "无缺口"),
        ).decimals(0)
    )
    return board.made


def _by_district(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("By kind and district", "按类别与城区"),
        say(
            "Newest figures; central districts first, the lowest share on top of each class.",
            "最新数据；中心城区在前，各类中比例最低者在上。",
        ),
        board.query("by_district"),
        grid(0, 4, 14, 11),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "kind", title=say("Kind", "类别"), width=85)
    column(panel, "district", title=texts.DISTRICT.said_in(board.language))
    for name, title in (
        ("required", say("Required", "应监测")),
        ("installed", say("Installed", "已安装")),
        ("reporting", say("Reporting", "在报")),
        ("monitored", say("Monitored", "已监测")),
    ):
        column(panel, name, title=title, width=85)
    column(panel, "pct", title=say("Share", "比例"), width=115, unit="percent", decimals=1, **gauge_cells(maximum=100))
    return column(panel, "target", title=say("Target", "目标"), width=65, unit="percent", decimals=0)


def _blind_spots(board: Board) -> geomap.Panel:
    return panels.asset_map(
        board.say("Blind spots", "监测盲区"),
        board.say(
            "Assets that should be monitored: coloured and large where they are not. Outlines are schematic.",
            "应监测的设施，未监测者着色放大。轮廓为示意。",
        ),
        board.query("blind_spots", **{name.replace("-", "_"): int(state) for name, (_, state) in _VERDICTS.items()}),
        grid(14, 4, 10, 11),
        language=board.language,
        outlines=f"{CONSOLE}/api/v1/districts.geojson",
        zoom=8.3,
    )


def _trend(board: Board) -> object:
    panel = panels.chart(
        board.say("Monitored by day", "每日监测覆盖率"),
        board.say("Last figure of each local day by kind, and the target.", "各类别每日最后一次计算结果与目标。"),
        board.query("trend", target=literal(board.say("target", "目标"))),
        grid(0, 15, 12, 8),
        unit="percent",
    ).max(100)
    series(panel, board.say("target", "目标"), title=board.say("target", "目标"), color=QUIET)
    return panel.show_points(cm.VisibilityMode.AUTO)


def _funnel(board: Board) -> object:
    say = board.say
    panel = panels.chart(
        say("From required to monitored", "从应监测到已监测"),
        say(
            "How many assets are required, installed, reporting and monitored, by day.",
            "每日应监测、已安装、在报、已监测的设施数。",
        ),
        board.query("funnel"),
        grid(12, 15, 12, 8),
        unit="short",
    ).decimals(0)
    for name, title, color in (
        ("required", say("required", "应监测"), QUIET),
        ("installed", say("installed", "已安装"), surface(State.MAJOR)),
        ("reporting", say("reporting", "在报"), surface(State.NO_DATA)),
        ("monitored", say("monitored", "已监测"), surface(State.ADVISORY)),
    ):
        series(panel, name, title=title, color=color)
    return panel.show_points(cm.VisibilityMode.AUTO)


def _why(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("What is not monitored", "未监测设施"),
        say(
            "Assets with a gap and who answers for them; the link opens the console.",
            "存在缺口的设施及责任单位；可打开控制台。",
        ),
        board.query("gap_list"),
        grid(0, 23, 16, 10),
        empty=say("no gap", "无缺口"),
    )
    words = {name: (word.said_in(board.language), surface(state)) for name, (word, state) in _VERDICTS.items()}
    column(panel, "verdict", title=say("Why", "原因"), width=150, **panels.word_cells(words))
    column(panel, "asset", title=texts.ASSET.said_in(board.language), links=[board.to_console()])
    column(panel, "kind", title=say("Kind", "类别"), width=120)
    column(panel, "district", title=texts.DISTRICT.said_in(board.language), width=140)
    column(
        panel,
        "responsible_unit",
        title=say("Responsible", "责任单位"),
        custom__cellOptions={"type": "auto", "wrapText": True},
    )
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)
