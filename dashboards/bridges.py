"""Bridges: what moves, beyond weather?"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.models import dashboard as m

from dashboards import limits, overview, panels, texts
from dashboards.board import Board
from dashboards.panels import column, gauge_cells, grid, limited, state_cells
from dashboards.query import literal
from dashboards.texts import Language, Text

_STRAIN: Final = "suffix:µε"


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("bridges", Text("Bridges", "桥梁"), language, "systems.sql", system="bridge")
    board.choose_areas()
    board.choose_assets()
    board.show_alarms(enabled=False)
    say = board.say
    overview.top_of_system(board)
    board.put(_deviations(board))
    board.put(_lines(board, say("Strain", "应变"), "strain", _STRAIN, grid(12, 14, 12, 10)))
    board.put(
        panels.cloud(
            say("Strain over temperature", "应变与温度"),
            say(
                "Means of one gauge against its own thermometer, the worst of the chosen bridges. Points off the line"
                " are not weather.",
                "所选桥梁中最需关注的一只应变计与其温度的关系；偏离直线的点不是天气造成的。",
            ),
            board.query("strain_over_temperature"),
            grid(0, 24, 8, 9),
            x=say("Structure temperature [°C]", "结构温度 [°C]"),
            y=say("Strain [µε]", "应变 [µε]"),
        )
    )
    tilt = _lines(board, say("Pier tilt", "桥墩倾角"), "tilt", "degree", grid(8, 24, 8, 9))
    board.put(limited(tilt, limits.both("pier-tilt")).decimals(2))
    vibration = _lines(
        board,
        say("Vibration (RMS)", "振动有效值"),
        "acceleration_rms",
        "accMS2",
        grid(16, 24, 8, 9),
        figure="max(r.max)",
    )
    board.put(vibration.decimals(3))
    board.put(_lines(board, say("Expansion joints", "伸缩缝位移"), "joint_displacement", "lengthmm", grid(0, 33, 8, 9)))
    board.put(_lines(board, say("Air temperature", "气温"), "air_temperature", "celsius", grid(8, 33, 8, 9)))
    board.put(
        _lines(board, say("Wind", "风速"), "wind_speed", "velocityms", grid(16, 33, 8, 9), figure="max(r.max)").min(0)
    )
    board.put(overview.asset_history(board, grid(0, 42, 12, 9)))
    board.put(
        panels.ranking(
            say("Share of good values", "合格数据比例"),
            say(
                "Values that passed quality control, of all of this time, by observed property; the lowest first.",
                "该时段内通过质量控制的数值比例，按观测项，最低者在前。",
            ),
            board.query("good_share"),
            grid(12, 42, 12, 9),
            unit="percent",
            empty=texts.NO_FIGURE.said_in(language),
        )
        .decimals(1)
        .max(100)
        .interval("1h")
    )
    return board.made


def _lines(
    board: Board,
    title: str,
    property_id: str,
    unit: str,
    place: m.GridPos,
    *,
    figure: str = "sum(r.mean * r.n) / sum(r.n)",
) -> timeseries.Panel:
    return panels.chart(
        title,
        board.say(
            "The eight places with the worst alarms and the largest values; choose assets to see others.",
            "报警最严重、数值最大的八处；可选择设施查看其他。",
        ),
        board.query("series", property=literal(property_id), order="abs(s.value) DESC", more="", figure=figure),
        place,
        unit=unit,
        floor=None,
    )


def _deviations(board: Board) -> table.Panel:
    panel = panels.listing(
        board.say("Strain away from usual", "应变偏离常态"),
        board.say(
            "Newest strain against what this hour of the day has taught us, in robust standard deviations.",
            "最新应变与该时段学习值之差，以稳健标准差计。",
        ),
        board.query("deviations", property=literal("strain")),
        grid(0, 14, 12, 10),
        empty=board.say("nothing learned yet", "尚未学习"),
    )
    column(panel, "state", title=board.say("State", "状态"), width=90, **state_cells(board.language))
    column(panel, "asset", title=texts.ASSET.said_in(board.language), links=[board.to_sensor(datastream=True)])
    column(panel, "sensor_id", title=board.say("Sensor", "传感器"), width=90)
    column(panel, "value", title=board.say("Value", "数值"), width=90, unit=_STRAIN, decimals=0)
    column(panel, "expected", title=board.say("Usual", "常态"), width=90, unit=_STRAIN, decimals=0)
    column(
        panel, "deviation", title=board.say("Deviation", "偏差"), width=150, unit="suffix:σ", decimals=1,
        **gauge_cells(maximum=20, limits=limits.above("strain-residual")),
    )  # fmt: skip
    column(panel, "datastream_id", title="datastream_id", custom__hidden=True)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)
