"""Gas network: where does gas gather?"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table

from dashboards import limits, overview, panels, texts
from dashboards.board import Board
from dashboards.panels import column, grid, limited
from dashboards.query import literal
from dashboards.texts import Language, Text

_LEL: Final = "suffix:% LEL"


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("gas", Text("Gas network", "燃气管网"), language, "systems.sql", system="gas")
    board.choose_areas()
    board.choose_assets()
    board.show_alarms(enabled=True)
    say = board.say
    methane = limits.above("methane-in-well")
    overview.top_of_system(board)
    board.put(
        panels.ranking(
            say("Methane now", "当前甲烷"),
            say(
                "The twelve highest newest values. Colours: the limits of the alarm rule.",
                "最新值最高的十二处；颜色为报警规则限值。",
            ),
            board.query("highest_now", property=literal("methane")),
            grid(0, 14, 8, 10),
            unit=_LEL,
            limits=methane,
            empty=texts.NO_FIGURE.said_in(language),
        )
        .decimals(1)
        .max(100)
    )
    board.put(
        limited(
            panels.chart(
                say("Methane", "甲烷"),
                say(
                    "Highest value per point, of the wells with the worst alarms and highest values; dashed: limits.",
                    "报警最严重、数值最高的阀井；虚线为限值。",
                ),
                board.query("series", property=literal("methane"), order="s.value DESC", more="", figure="max(r.max)"),
                grid(8, 14, 16, 10),
                unit=_LEL,
            ).decimals(1),
            methane,
        )
    )
    board.put(
        panels.ranking(
            say("Rise in ten minutes", "十分钟上升"),
            say("Newest value less the mean of the minute ten minutes before it.", "最新值与十分钟前一分钟均值之差。"),
            board.query("rise_now", property=literal("methane")),
            grid(0, 24, 8, 9),
            unit=_LEL,
            empty=texts.NOTHING_RISES.said_in(language),
        ).decimals(1)
    )
    board.put(
        panels.chart(
            say("Gas pressure", "燃气压力"),
            say(
                "Lowest gauge pressure per point, of the eight places with the lowest newest value.",
                "最新压力最低的八处，取各时段最低表压。",
            ),
            board.query("series", property=literal("gas_pressure"), order="s.value", more="", figure="min(r.min)"),
            grid(8, 24, 16, 9),
            unit="pressurekpa",
            floor=None,
        )
    )
    board.put(overview.asset_history(board, grid(0, 33, 12, 9)))
    board.put(calibrations(board))
    return board.made


def calibrations(board: Board) -> table.Panel:
    """Return the sensors whose calibration is oldest."""
    panel = panels.listing(
        board.say("Oldest calibrations", "校准最久"),
        board.say(
            "Sensors by the age of their last calibration; without a date first.", "按最近校准时间排序，无记录者在前。"
        ),
        board.query("calibration"),
        grid(12, 33, 12, 9),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "asset", title=texts.ASSET.said_in(board.language), links=[board.to_sensor(datastream=False)])
    column(panel, "sensor_id", title=board.say("Sensor", "传感器"), width=90)
    column(panel, "model", title=board.say("Model", "型号"))
    column(panel, "calibrated_at", title=board.say("Calibrated", "校准时间"), width=110, unit="time:YYYY-MM-DD")
    column(panel, "age", title=board.say("Age", "距今"), width=95, unit="s", decimals=0)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)
