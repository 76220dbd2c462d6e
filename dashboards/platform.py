"""Platform health: does citywatch itself work?"""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table, timeseries

from dashboards import limits, overview, panels, texts
from dashboards.board import Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, gauge_cells, grid, series
from dashboards.texts import Language, Text

_BEHIND: Final[limits.Steps] = ((None, QUIET), (30, surface(State.MINOR)), (300, surface(State.MAJOR)))
"""Seconds that a follower may be behind: citywatch proposal (D)."""


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("platform", Text("Platform health", "平台运行"), language, "platform.sql")
    board.choose_areas()
    board.show_alarms(enabled=False)
    say = board.say
    for place, (title, description, statement, color) in enumerate(
        (
            (
                say("Unaccounted", "去向不明"),
                say(
                    "Readings of the last 24 hours whose fate the ledger does not know.",
                    "近 24 小时台账中去向不明的读数。",
                ),
                "unaccounted",
                surface(State.CRITICAL),
            ),
            (
                say("Processes not well", "异常进程"),
                say("Processes that are late, degraded or stopped.", "超时、降级或停止的进程数。"),
                "processes_not_well",
                surface(State.MAJOR),
            ),
            (
                say("Dead letters", "死信"),
                say("Rejected messages that nobody has dealt with.", "尚未处理的被拒消息数。"),
                "dead_letters_open",
                surface(State.MINOR),
            ),
            (
                say("Failed deliveries", "投递失败"),
                say("Webhook deliveries that were given up.", "已放弃的 Webhook 投递数。"),
                "deliveries_failed",
                surface(State.MINOR),
            ),
            (
                say("Sensors away", "失联传感器"),
                say("Sensors that are late or offline.", "超时或离线的传感器数。"),
                "sensors_away",
                surface(State.NO_DATA),
            ),
        )
    ):
        board.put(panels.number(title, description, board.query(statement), grid(4 * place, 0, 4, 4), color=color))
    board.put(
        panels.figure(
            say("Database", "数据库"),
            say("Size of the database on disk.", "数据库占用空间。"),
            board.query("database_size"),
            grid(20, 0, 4, 4),
            unit="bytes",
        ).decimals(1)
    )
    board.put(overview.readings(board, grid(0, 4, 12, 8)))
    board.put(_lateness(board))
    board.put(_processes(board))
    board.put(_followers(board))
    board.put(_dead_letters(board))
    board.put(_liveness(board))
    board.put(_devices(board))
    board.put(_endpoints(board))
    board.put(_attempts(board))
    return board.made


def _lateness(board: Board) -> timeseries.Panel:
    say = board.say
    panel = panels.chart(
        say("Lateness of readings", "读数迟到时间"),
        say(
            "From measuring to reception, by hour of reception: 95 % of the worst sensor of each system within this.",
            "从测量到接收的时间，按接收小时：各系统最差传感器 95 % 的读数在此时间内。",
        ),
        board.query("lateness"),
        grid(12, 4, 12, 8),
        unit="s",
    )
    return panel.interval("1h").no_value(texts.NO_FIGURE.said_in(board.language))


def _processes(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Processes", "进程"),
        say("Last sign of life of every process.", "各进程的最近心跳。"),
        board.query("processes"),
        grid(0, 12, 10, 7),
        empty=say("no process has ever reported", "尚无进程上报"),
    )
    words = {
        "ok": (say("ok", "正常"), QUIET),
        "degraded": (say("degraded", "降级"), surface(State.MINOR)),
        "late": (say("late", "超时"), surface(State.NO_DATA)),
        "stopped": (say("stopped", "已停止"), surface(State.MAJOR)),
    }
    column(panel, "process_state", title=say("State", "状态"), width=90, **panels.word_cells(words))
    column(panel, "process", title=say("Process", "进程"), width=90)
    column(panel, "beat_at", title=say("Seen", "心跳"), width=115, unit="dateTimeFromNow")
    column(panel, "started_at", title=say("Started", "启动"), width=100, unit="dateTimeFromNow")
    return column(panel, "cause", title=say("Cause", "原因"), custom__cellOptions={"type": "auto", "wrapText": True})


def _followers(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Behind the commits", "处理滞后"),
        say("How far whoever follows the committed batches is behind them.", "各处理环节落后于已提交批次的程度。"),
        board.query("followers"),
        grid(10, 12, 6, 7),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "follower", title=say("Follower", "环节"), width=105)
    column(panel, "batches_behind", title=say("Batches", "批次"), width=75)
    return column(
        panel, "behind_s", title=say("Behind", "落后"), width=145, unit="s", decimals=0,
        **gauge_cells(maximum=600, limits=_BEHIND),
    )  # fmt: skip


def _dead_letters(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Dead letters by reason", "死信原因"),
        say(
            "Open dead letters; citywatch dead-letters shows, mends and re-drives them.",
            "未处理的死信；可用 citywatch dead-letters 查看与重投。",
        ),
        board.query("dead_letters"),
        grid(16, 12, 8, 7),
        empty=say("none", "无"),
    )
    column(panel, "reason", title=say("Reason", "原因"), width=150)
    column(panel, "letters", title=say("Letters", "死信"), width=65)
    column(panel, "rejected", title=say("Readings", "读数"), width=85)
    return column(panel, "last_received_at", title=say("Last", "最近"), width=115, unit="dateTimeFromNow")


def _liveness(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Devices by system", "各系统设备在线"),
        say(
            "Sensors that are there, late or offline, by what was received of them.",
            "按接收情况判定的在线、超时与离线传感器数。",
        ),
        board.query("liveness"),
        grid(0, 19, 10, 8),
        empty=texts.NO_FIGURE.said_in(board.language),
    )
    column(panel, "system", title=texts.SYSTEM.said_in(board.language))
    column(panel, "sensors", title=say("Sensors", "传感器"), width=75)
    column(panel, "sensors_late", title=say("Late", "超时"), width=55)
    column(panel, "sensors_offline", title=say("Offline", "离线"), width=70)
    return column(
        panel,
        "online_pct",
        title=say("Online", "在线"),
        width=150,
        unit="percent",
        decimals=1,
        **gauge_cells(maximum=100),
    )


def _devices(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Devices with lost messages", "丢失消息的设备"),
        say(
            "Sensors with gaps in their message numbers in the last 24 hours, restarts, and errors of clocks.",
            "近 24 小时消息序号有缺口的传感器，及其重启次数与时钟误差。",
        ),
        board.query("devices"),
        grid(10, 19, 14, 8),
        empty=say("none", "无"),
    )
    column(panel, "asset", title=texts.ASSET.said_in(board.language), links=[board.to_sensor(datastream=False)])
    column(panel, "sensor_id", title=say("Sensor", "传感器"), width=110)
    column(panel, "missing", title=say("Missing", "缺失"), width=80)
    column(panel, "repeated", title=say("Repeated", "重复"), width=90)
    column(panel, "restarts", title=say("Restarts", "重启"), width=80)
    column(panel, "skew", title=say("Clock error", "时钟误差"), width=110, unit="s", decimals=1)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)


def _endpoints(board: Board) -> table.Panel:
    say = board.say
    panel = panels.listing(
        say("Webhooks", "Webhook 接收端"),
        say(
            "Where alarm events are sent, and what became of the deliveries; only hosts are shown.",
            "报警事件的接收端与投递结果；仅显示主机名。",
        ),
        board.query("endpoints"),
        grid(0, 27, 12, 7),
        empty=say("no endpoint", "无接收端"),
    )
    words = {
        "enabled": (say("enabled", "启用"), QUIET),
        "paused": (say("paused", "暂停"), surface(State.MINOR)),
        "disabled": (say("disabled", "停用"), surface(State.MAJOR)),
    }
    column(panel, "endpoint_state", title=say("State", "状态"), width=75, **panels.word_cells(words))
    column(panel, "host", title=say("Host", "主机"))
    column(panel, "delivered", title=say("Delivered", "成功"), width=85)
    column(panel, "waiting", title=say("Waiting", "等待"), width=70)
    column(panel, "failed", title=say("Given up", "放弃"), width=75)
    column(panel, "attempted_at", title=say("Last", "最近"), width=105, unit="dateTimeFromNow")
    return column(panel, "status", title=say("Answer", "应答"), width=75)


def _attempts(board: Board) -> timeseries.Panel:
    say = board.say
    panel = panels.bars(
        panels.chart(
            say("Webhook attempts", "Webhook 投递次数"),
            say("Attempts to deliver that the endpoint took, or did not.", "接收端接受或未接受的投递次数。"),
            board.query("attempts"),
            grid(12, 27, 12, 7),
            unit="short",
        ).interval("15m")
    ).decimals(0)
    series(panel, "taken", title=say("taken", "成功"), color=QUIET)
    return series(panel, "refused", title=say("not taken", "失败"), color=surface(State.MAJOR))
