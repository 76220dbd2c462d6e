"""Waterlogging: which point floods next?"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as m

from dashboards import limits, overview, panels, texts
from dashboards.board import Board
from dashboards.palette import State, surface
from dashboards.panels import column, grid, limited, state_cells
from dashboards.query import literal
from dashboards.texts import Language, Text

_DEPTH: Final = "suffix:mm"
_RAIN: Final = "suffix:mm/h"


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("waterlogging", Text("Waterlogging", "渍水点"), language, "systems.sql", system="drainage")
    board.choose_areas()
    board.choose_assets()
    board.show_alarms(enabled=True)
    say = board.say
    depth = limits.above("ponding-depth")
    overview.top_of_system(board)
    board.put(
        panels.ranking(
            say("Depth now", "当前水深"),
            say(
                "The twelve deepest points. Colours: the limits of the alarm rule.",
                "最深的十二处；颜色为报警规则限值。",
            ),
            board.query("highest_now", property=literal("water_depth")),
            grid(0, 14, 8, 10),
            unit=_DEPTH,
            limits=depth,
            empty=texts.NO_FIGURE.said_in(language),
        )
        .decimals(0)
        .max(800)
    )
    name = say("Rain (mean of the gauges, right axis, downwards)", "雨强（雨量计均值，右轴向下）")
    board.put(
        limited(
            panels.chart(
                say("Depth and rain", "水深与雨强"),
                say(
                    "Highest depth per point of the worst points, dashed: limits; rain hangs from the top.",
                    "最严重各点的最大水深，虚线为限值；雨强自上而下。",
                ),
                board.query(
                    "series", property=literal("water_depth"), order="s.value DESC", more="", figure="max(r.max)"
                ),
                grid(8, 14, 16, 10),
                unit=_DEPTH,
            )
            .decimals(0)
            .with_target(board.query("rain", label=literal(name)).time_series().ref_id("B"))
            .override_by_name(
                name,
                [
                    m.DynamicConfigValue(id_val="unit", value=_RAIN),
                    m.DynamicConfigValue(id_val="decimals", value=1),
                    m.DynamicConfigValue(id_val="custom.axisPlacement", value="right"),
                    m.DynamicConfigValue(id_val="custom.drawStyle", value="bars"),
                    m.DynamicConfigValue(id_val="custom.fillOpacity", value=35),
                    m.DynamicConfigValue(id_val="custom.thresholdsStyle", value={"mode": "off"}),
                    m.DynamicConfigValue(id_val="min", value=-120),
                    m.DynamicConfigValue(id_val="max", value=0),
                    m.DynamicConfigValue(
                        id_val="color", value={"mode": "fixed", "fixedColor": surface(State.ADVISORY)}
                    ),
                ],
            ),
            depth,
        )
    )
    board.put(
        panels.ranking(
            say("Rise in ten minutes", "十分钟上升"),
            say(
                "Newest depth less the mean of the minute ten minutes before it.", "最新水深与十分钟前一分钟均值之差。"
            ),
            board.query("rise_now", property=literal("water_depth")),
            grid(0, 24, 8, 9),
            unit=_DEPTH,
            empty=texts.NOTHING_RISES.said_in(language),
        ).decimals(0)
    )
    board.put(overview.asset_history(board, grid(8, 24, 16, 9)))
    board.put(
        panels.ranking(
            say("Rain now", "当前雨强"),
            say("The twelve gauges with the highest intensity.", "雨强最大的十二处雨量计。"),
            board.query("highest_now", property=literal("rain_rate")),
            grid(0, 33, 12, 10),
            unit=_RAIN,
            empty=texts.NO_FIGURE.said_in(language),
        ).decimals(1)
    )
    board.put(_batteries(board))
    return board.made


def _batteries(board: Board) -> table.Panel:
    panel = panels.listing(
        board.say("Lowest batteries", "电池电压最低"),
        board.say("Battery-powered sensors by voltage.", "按电压排列的电池供电传感器。"),
        board.query("lowest_now", property=literal("battery_voltage")),
        grid(12, 33, 12, 10),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "state", title=board.say("State", "状态"), width=90, **state_cells(board.language))
    column(panel, "asset", title=texts.ASSET.said_in(board.language), links=[board.to_sensor(datastream=True)])
    column(panel, "sensor_id", title=board.say("Sensor", "传感器"), width=120)
    column(panel, "value", title=board.say("Voltage", "电压"), width=100, unit="volt", decimals=2)
    column(panel, "ts", title=board.say("Measured", "测量时间"), width=130, unit="dateTimeFromNow")
    column(panel, "datastream_id", title="datastream_id", custom__hidden=True)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)
