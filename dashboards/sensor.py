"""Sensor detail: why is it in that state?"""

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common as cm
from grafana_foundation_sdk.models import dashboard as m

from dashboards import panels, texts
from dashboards.board import Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, grid, series, state_cells
from dashboards.query import literal
from dashboards.texts import Language, Text


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("sensor", Text("Sensor detail", "传感器详情"), language, "sensor.sql")
    board.choose_areas()
    board.choose_one("asset", texts.ASSET, "assets")
    board.choose_one("datastream", Text("Datastream", "数据流"), "datastreams")
    board.show_alarms("asset_alarms", enabled=True)
    say = board.say
    board.put(_now(board))
    board.put(
        panels.figure(
            say("Measured", "测量时间"),
            say("When the newest value was measured.", "最新值的测量时间。"),
            board.query("measured"),
            grid(5, 0, 4, 4),
            unit="dateTimeFromNow",
        )
    )
    board.put(_state(board))
    board.put(
        panels.figure(
            say("Away from usual", "偏离常态"),
            say(
                "Newest value less what this hour of the day has taught us, in robust standard deviations.",
                "最新值与该时段学习值之差，以稳健标准差计。",
            ),
            board.query("deviation"),
            grid(13, 0, 4, 4),
            unit="suffix:σ",
        )
        .decimals(1)
        .no_value(say("not learned", "未学习"))
    )
    board.put(
        panels.figure(
            say("Good values", "合格数据"),
            say("Values of this time that nothing is known against.", "该时段内无可疑之处的数值比例。"),
            board.query("good"),
            grid(17, 0, 7, 4),
            unit="percent",
        )
        .decimals(1)
        .no_value(texts.NO_FIGURE.said_in(language))
    )
    board.put(_band(board))
    board.put(_facts(board))
    board.put(_quality(board))
    board.put(
        panels.chart(
            say("Neighbours", "相邻测点"),
            say(
                "The same property on the five nearest datastreams of the system, and this one: a fault is alone,"
                " an event is not.",
                "同系统最近五个同类测点及本测点：故障往往单独出现，事件则不然。",
            ),
            board.query("neighbours"),
            grid(12, 15, 12, 9),
            unit="short",
            floor=None,
        )
    )
    board.put(_alarms(board))
    return board.made


def _now(board: Board) -> stat.Panel:
    return (
        panels.figure(
            board.say("Value", "数值"),
            board.say("The newest value.", "最新值。"),
            board.query("value"),
            grid(0, 0, 5, 4),
            unit="string",
        )
        .no_value(texts.NO_FIGURE.said_in(board.language))
        .reduce_options(panels.every_field())
    )


def _state(board: Board) -> stat.Panel:
    return (
        panels.figure(
            board.say("State", "状态"),
            board.say(
                "The worst active alarm of the datastream, or whether it has valid data.",
                "该数据流最严重的报警，或是否有有效数据。",
            ),
            board.query("state"),
            grid(9, 0, 4, 4),
            unit="short",
        )
        .mappings([panels.state_mapping(board.language)])
        .color_mode(cm.BigValueColorMode.VALUE)
    )


def _band(board: Board) -> timeseries.Panel:
    say = board.say
    panel = panels.chart(
        say("Value", "数值变化"),
        say(
            "Mean, and the span from lowest to highest; values that failed quality control are left out.",
            "均值及最小至最大范围；不含质量不合格的数值。",
        ),
        board.query("band"),
        grid(0, 4, 16, 11),
        unit="short",
        floor=None,
    )
    series(panel, "mean", title=say("mean", "均值"), color=surface(State.ADVISORY))
    for name, title in (("min", say("lowest", "最小")), ("max", say("highest", "最大"))):
        series(panel, name, title=title, color=QUIET)
    return panel.override_by_name(
        "max",
        [
            m.DynamicConfigValue(id_val="custom.fillBelowTo", value="min"),
            m.DynamicConfigValue(id_val="custom.fillOpacity", value=25),
        ],
    )


def _facts(board: Board) -> table.Panel:
    panel = panels.listing(
        board.say("What it is", "基本信息"),
        board.say("Registry record of sensor and datastream.", "传感器与数据流的登记信息。"),
        board.query(
            "facts",
            **{
                name: literal(board.say(english, chinese))
                for name, english, chinese in (
                    ("asset_word", "Asset", "设施"),
                    ("sensor_word", "Sensor", "传感器"),
                    ("model_word", "Model", "型号"),
                    ("property_word", "Property", "观测项"),
                    ("interval_word", "Expected every", "期望间隔"),
                    ("range_word", "Plausible", "合理范围"),
                    ("installed_word", "Installed", "安装时间"),
                    ("calibrated_word", "Calibrated", "校准时间"),
                    ("usual_word", "Usual now", "当前常态"),
                )
            },
        ),
        grid(16, 4, 8, 11),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "fact", title=board.say("Fact", "项目"), width=130)
    return column(
        panel, "said", title=board.say("Value", "内容"), custom__cellOptions={"type": "auto", "wrapText": True}
    )


def _quality(board: Board) -> timeseries.Panel:
    say = board.say
    panel = panels.bars(
        panels.chart(
            say("Values by quality", "按质量统计"),
            say("How many values came, and what quality control said of them.", "收到的数值及质量控制结果。"),
            board.query("quality"),
            grid(0, 15, 12, 9),
            unit="short",
        )
    ).decimals(0)
    series(panel, "good", title=say("good", "合格"), color=QUIET)
    series(panel, "suspect", title=say("suspect", "可疑"), color=surface(State.MINOR))
    return series(panel, "failed", title=say("failed", "不合格"), color=surface(State.CRITICAL))


def _alarms(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Alarms of the asset", "设施报警历史"),
        say("Alarms of the asset in this time or open, the newest first.", "该时段内或未关闭的设施报警，最新者在前。"),
        board.query("alarm_history"),
        grid(0, 24, 24, 8),
        empty=texts.NO_ALARM.said_in(board.language),
    )
    column(panel, "peak_severity", title=say("Worst", "最高级别"), width=90, **state_cells(board.language))
    column(panel, "rule", title=say("Rule", "规则"), width=240)
    column(panel, "message", title=say("Message", "内容"), custom__cellOptions={"type": "auto", "wrapText": True})
    column(panel, "raised_at", title=say("Raised", "发生"), width=170, unit="dateTimeAsIso")
    column(panel, "open_s", title=say("Lasted", "持续"), width=100, unit="s", decimals=0)
    column(panel, "acknowledged_by", title=say("Ack. by", "确认人"), width=110)
    return column(panel, "alarm_state", title=say("State", "状态"), width=170)
