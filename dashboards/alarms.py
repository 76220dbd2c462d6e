"""Alarms: is the alarm system healthy? Figures of EEMUA 191 and IEC 62682."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table

from dashboards import limits, overview, panels, texts
from dashboards.board import Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, gauge_cells, grid, limited, series, state_cells
from dashboards.texts import Language, Text

_MANAGEABLE: Final = 1.0
"""Alarms per operator and ten minutes on average that can be handled (EEMUA 191; W)."""

_FLOOD: Final = 10.0
"""More alarms in ten minutes are a flood (EEMUA 191, IEC 62682; W)."""

_RATE: Final[limits.Steps] = ((None, QUIET), (_MANAGEABLE, surface(State.MINOR)), (_FLOOD, surface(State.CRITICAL)))
_FLOOD_LINE: Final[limits.Steps] = ((None, QUIET), (_FLOOD, surface(State.CRITICAL)))


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("alarms", Text("Alarms", "报警"), language, "alarms.sql", period="now-7d")
    board.choose_areas()
    board.show_alarms(enabled=False)
    say = board.say
    overview.headline(board)
    board.put(
        panels.number(
            say("Standing", "长期未消"),
            say("Open alarms that were raised more than 24 hours ago.", "发生超过 24 小时仍未关闭的报警数。"),
            board.query("standing"),
            grid(15, 0, 3, 4),
            color=surface(State.MINOR),
        )
    )
    board.put(
        panels.figure(
            say("Per 10 min", "每十分钟"),
            say(
                "Alarms per ten minutes on average of this time; one per operator can be handled (EEMUA 191).",
                "该时段平均每十分钟报警数；每名值班员约可处理一条（EEMUA 191）。",
            ),
            board.query("rate"),
            grid(18, 0, 3, 4),
            unit="short",
            limits=_RATE,
        ).decimals(2)
    )
    board.put(
        panels.figure(
            say("Time to ack.", "确认用时"),
            say(
                "Median time from raising to acknowledging, of the alarms raised in this time.",
                "该时段报警从发生到确认的中位用时。",
            ),
            board.query("median_acknowledgement"),
            grid(21, 0, 3, 4),
            unit="s",
        ).no_value(texts.NO_ALARM.said_in(language))
    )
    board.put(_open(board))
    board.put(
        limited(
            series(
                panels.chart(
                    say("Most alarms in ten minutes", "十分钟内最多报警"),
                    say(
                        "The worst ten minutes of each point; the dashed line is a flood (more than ten).",
                        "各时段内最密集的十分钟；虚线以上为报警洪水（超过十条）。",
                    ),
                    board.query("worst_ten_minutes"),
                    grid(0, 14, 12, 8),
                    unit="short",
                )
                .interval("10m")
                .decimals(0),
                "alarms",
                title=say("alarms", "报警"),
                color=surface(State.ADVISORY),
            ),
            _FLOOD_LINE,
        )
    )
    board.put(overview.alarms_raised(board, grid(12, 14, 12, 8)))
    board.put(_frequent(board))
    board.put(_severities(board))
    response = panels.chart(
        say("Time to acknowledge", "确认用时变化"),
        say(
            "Median and slowest tenth of the alarms raised at each point.", "各时段报警确认用时的中位数与最慢十分之一。"
        ),
        board.query("acknowledgement"),
        grid(0, 32, 12, 8),
        unit="s",
    ).interval("1h")
    series(response, "median", title=say("median", "中位数"), color=surface(State.ADVISORY))
    series(response, "slow", title=say("slowest tenth", "最慢十分之一"), color=surface(State.MINOR))
    board.put(response)
    board.put(
        panels.ranking(
            say("By hour of the day", "按小时分布"),
            say(
                "Alarms of this time by the local hour they were raised in, three hours each.",
                "该时段报警按发生的本地时刻统计，每三小时一组。",
            ),
            board.query("by_hour"),
            grid(12, 32, 12, 8),
            unit="short",
            empty=texts.NO_ALARM.said_in(language),
        ).decimals(0)
    )
    return board.made


def _open(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Open alarms", "未关闭报警"),
        say("Acknowledge them in the console: the link opens it.", "请在控制台确认：点击设施打开。"),
        board.query("open_alarms"),
        grid(0, 4, 24, 10),
        empty=texts.NOTHING_ABNORMAL.said_in(board.language),
    )
    states = {
        "unacknowledged": (say("to acknowledge", "待确认"), surface(State.MINOR)),
        "returned-unacknowledged": (say("over, to ack.", "已恢复待确认"), surface(State.ADVISORY)),
        "acknowledged": (say("acknowledged", "已确认"), QUIET),
    }
    column(panel, "severity", title=say("Severity", "级别"), width=90, **state_cells(board.language))
    column(panel, "alarm_state", title=say("State", "状态"), width=130, **panels.word_cells(states))
    column(
        panel, "asset", title=texts.ASSET.said_in(board.language), width=230,
        links=[board.to_console(), board.to_sensor(datastream=False)],
    )  # fmt: skip
    column(panel, "message", title=say("Message", "内容"), custom__cellOptions={"type": "auto", "wrapText": True})
    column(panel, "district", title=texts.DISTRICT.said_in(board.language), width=120)
    column(panel, "raised_at", title=say("Raised", "发生"), width=140, unit="dateTimeFromNow")
    column(panel, "acknowledged_by", title=say("By", "确认人"), width=100)
    column(panel, "occurrences", title=say("Times", "次数"), width=70)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)


def _frequent(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Most frequent", "最频繁"),
        say(
            "Rules and assets with the most occurrences in this time, coming back included (chattering).",
            "该时段出现次数（含反复）最多的规则与设施及其占比。",
        ),
        board.query("frequent"),
        grid(0, 22, 14, 10),
        empty=texts.NO_ALARM.said_in(board.language),
    )
    column(panel, "rule", title=say("Rule", "规则"))
    column(
        panel, "asset", title=texts.ASSET.said_in(board.language),
        links=[board.to_console(), board.to_sensor(datastream=False)],
    )  # fmt: skip
    column(panel, "alarms", title=say("Alarms", "报警"), width=80)
    column(panel, "occurrences", title=say("Times", "次数"), width=80)
    column(
        panel, "share", title=say("Share", "占比"), width=140, unit="percent", decimals=1, **gauge_cells(maximum=100)
    )
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)


def _severities(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Severities", "级别分布"),
        say(
            "Share of each worst severity; few alarms should be urgent (EEMUA 191: about 80, 15 and 5 %).",
            "各最高级别占比；紧急报警应为少数（EEMUA 191：约 80、15、5 %）。",
        ),
        board.query("severities"),
        grid(14, 22, 10, 10),
        empty=texts.NO_ALARM.said_in(board.language),
    )
    column(panel, "severity", title=say("Severity", "级别"), width=100, **state_cells(board.language))
    column(panel, "alarms", title=say("Alarms", "报警"), width=80)
    column(panel, "share", title=say("Share", "占比"), unit="percent", decimals=1, **gauge_cells(maximum=100))
    return column(
        panel, "median_s", title=say("Median time to ack.", "确认用时中位数"), width=170, unit="s", decimals=0
    )
