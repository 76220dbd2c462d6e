"""Panels that several dashboards show: how many alarms, which assets, where, since when."""

from typing import Final

from grafana_foundation_sdk.builders import geomap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import dashboard as m

from dashboards import panels, texts
from dashboards.board import CONSOLE, Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, grid, series, state_cells
from dashboards.query import literal
from dashboards.texts import Text

SMALL_MAP: Final = 11
"""Rows of the grid up to which a map must show the city smaller."""

SEVERITY_TITLE: Final = {
    State.CRITICAL: Text("Critical", "紧急"),
    State.MAJOR: Text("Major", "重要"),
    State.MINOR: Text("Minor", "次要"),
    State.ADVISORY: Text("Advisory", "提示"),
}


def headline(board: Board) -> None:
    """Put the numbers of open alarms into the first 15 columns of the first row."""
    for place, state in enumerate(panels.SEVERITIES):
        board.put(
            panels.number(
                SEVERITY_TITLE[state].said_in(board.language),
                board.say("Open alarms of this severity whose condition still holds.", "当前仍成立的该级别报警数。"),
                board.query("active_alarms", severity=int(state)),
                grid(3 * place, 0, 3, 4),
                color=surface(state),
            )
        )
    board.put(
        panels.number(
            board.say("To ack.", "待确认"),
            board.say("Open alarms that nobody has acknowledged.", "尚未有人确认的报警数。"),
            board.query("unacknowledged_alarms"),
            grid(12, 0, 3, 4),
            color=surface(State.MINOR),
        )
    )


def sensors_reporting(board: Board, place: m.GridPos) -> stat.Panel:
    """Return the share of sensors that report."""
    return panels.share(
        board.say("Sensors reporting", "传感器在线率"),
        board.say(
            "Installed sensors all of whose datastreams have reported within their expected time.",
            "所有数据流均按期上报的已安装传感器比例。",
        ),
        board.query("sensors_reporting", share=literal(board.say("%s of %s", "%s / %s 个"))),
        place,
        no_figure=texts.NO_FIGURE.said_in(board.language),
    )


def asset_map(board: Board, place: m.GridPos) -> geomap.Panel:
    """Return the map of assets, on the outlines of the districts that our API serves."""
    return panels.asset_map(
        board.say("Assets", "设施分布"),
        board.say(
            "Every asset with sensors, in the colour of its state; larger is worse. Outlines are schematic.",
            "装有传感器的设施，颜色表示状态，越大越严重。轮廓为示意。",
        ),
        board.query("map"),
        place,
        language=board.language,
        outlines=f"{CONSOLE}/api/v1/districts.geojson",
        zoom=8.9 if place.h > SMALL_MAP else 8.3,
    )


def worst_assets(board: Board, place: m.GridPos) -> table.Panel:
    """Return the assets in alarm or without data, with ways to console and sensors."""
    panel = panels.listing(
        board.say("Worst assets", "最需关注"),
        board.say(
            "Assets in alarm or without data, the worst first; links lead to the console and to the sensors.",
            "处于报警或无数据的设施，最严重者在前；可打开控制台或传感器详情。",
        ),
        board.query("worst"),
        place,
        empty=texts.NOTHING_ABNORMAL.said_in(board.language),
    )
    column(panel, "state", title=board.say("State", "状态"), width=90, **state_cells(board.language))
    column(
        panel, "asset", title=texts.ASSET.said_in(board.language), width=190,
        links=[board.to_console(), board.to_sensor(datastream=False)],
    )  # fmt: skip
    column(panel, "what", title=board.say("What", "情况"), custom__cellOptions={"type": "auto", "wrapText": True})
    column(panel, "lasts", title=board.say("For", "持续"), width=90, unit="s", decimals=0)
    column(panel, "unacknowledged", title=board.say("To ack.", "待确认"), width=75)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)


def alarms_raised(board: Board, place: m.GridPos) -> timeseries.Panel:
    """Return alarms over time by severity, the one stack that is worth having."""
    panel = panels.bars(
        panels.chart(
            board.say("Alarms raised", "报警数量"),
            board.say(
                "Alarms by the time they were raised and the worst severity they reached.", "按发生时间与最高级别统计。"
            ),
            board.query("alarms_raised"),
            place,
            unit="short",
        ).interval("30m")
    ).decimals(0)
    for state in panels.SEVERITIES:
        title = SEVERITY_TITLE[state].said_in(board.language)
        series(panel, state.name.lower(), title=title, color=surface(state))
    return panel


def asset_history(board: Board, place: m.GridPos) -> statetimeline.Panel:
    """Return the states over time of the assets with the worst alarms."""
    return (
        panels.timeline(
            board.say("Assets over time", "设施状态变化"),
            board.say(
                "The worst active alarm of each of the ten assets with the worst alarms in this time.",
                "该时段报警最严重的十处设施的状态。",
            ),
            board.query("asset_history"),
            place,
            language=board.language,
        )
        .interval("15m")
        .no_value(texts.NO_ALARM.said_in(board.language))
    )


def readings(board: Board, place: m.GridPos) -> timeseries.Panel:
    """Return what became of the readings received."""
    panel = panels.chart(
        board.say("Readings per minute", "每分钟读数"),
        board.say(
            "What became of the readings received (ledger): stored, repeated, in conflict, rejected. At most 3 days.",
            "已接收读数的去向（台账）：入库、重复、冲突、拒绝；最多显示三天。",
        ),
        board.query("ingest"),
        place,
        unit="short",
    )
    for name, title, color in (
        ("stored", board.say("stored", "入库"), QUIET),
        ("duplicate", board.say("duplicate", "重复"), surface(State.ADVISORY)),
        ("conflict", board.say("conflict", "冲突"), surface(State.MINOR)),
        ("rejected", board.say("rejected", "拒绝"), surface(State.MAJOR)),
    ):
        series(panel, name, title=title, color=color)
    return panel


def top_of_system(board: Board) -> None:
    """Put the first 14 rows of a dashboard about one system: alarms, sensors, map, worst assets."""
    headline(board)
    board.put(sensors_reporting(board, grid(15, 0, 5, 4)))
    board.put(
        panels.number(
            board.say("Sensors away", "失联传感器"),
            board.say("Sensors that are late or offline.", "超时或离线的传感器数。"),
            board.query("sensors_away"),
            grid(20, 0, 4, 4),
            color=surface(State.NO_DATA),
        )
    )
    board.put(asset_map(board, grid(0, 4, 12, 10)))
    board.put(worst_assets(board, grid(12, 4, 12, 10)))
