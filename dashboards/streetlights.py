"""Streetlights: which lamps fail, what is wasted?"""

from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import common as cm

from dashboards import limits, overview, panels, texts
from dashboards.board import Board
from dashboards.palette import QUIET, State, surface
from dashboards.panels import column, gauge_cells, grid, limited, series, state_cells
from dashboards.query import literal
from dashboards.texts import Language, Text


def build(language: Language) -> db.Dashboard:
    """Return the dashboard in one language."""
    board = Board("streetlights", Text("Streetlights", "路灯照明"), language, "systems.sql", system="lighting")
    board.choose_areas()
    board.choose_assets()
    board.show_alarms(enabled=False)
    say = board.say
    overview.top_of_system(board)
    board.put(
        panels.share(
            say("Lamps on now", "当前亮灯"),
            say("Lamps that draw more than 10 W, of those that report.", "功率超过 10 W 的路灯占在线路灯的比例。"),
            board.query("lamps_on", share=literal(say("%s of %s", "%s / %s 盏"))),
            grid(0, 14, 6, 5),
            no_figure=texts.NO_FIGURE.said_in(language),
        )
    )
    board.put(
        panels.figure(
            say("Energy this month", "本月用电"),
            say("What the cabinets have metered since the first of the month.", "本月一日以来控制柜计量的电量。"),
            board.query("energy_of_month"),
            grid(0, 19, 6, 5),
            unit="kwatth",
        ).no_value(texts.NO_FIGURE.said_in(language))
    )
    power = panels.chart(
        say("Power of the cabinets", "控制柜功率"),
        say("Sum of the means of all chosen cabinets, by the hour.", "所选控制柜逐时平均功率之和。"),
        board.query("cabinet_power"),
        grid(6, 14, 18, 10),
        unit="watt",
    ).interval("1h")
    board.put(series(power, "power", title=say("power", "功率"), color=surface(State.ADVISORY)))
    board.put(_deviations(board))
    board.put(
        limited(
            panels.chart(
                say("Lowest supply voltages", "最低供电电压"),
                say(
                    "The eight cabinets with alarms or the lowest newest value; dashed: limits.",
                    "有报警或电压最低的八台控制柜；虚线为限值。",
                ),
                board.query(
                    "series",
                    property=literal("supply_voltage"),
                    order="s.value",
                    more="AND s.kind_id = 'lighting-cabinet'",
                    figure="min(r.min)",
                ),
                grid(12, 24, 12, 10),
                unit="volt",
            ),
            limits.below("cabinet-supply-low"),
        )
    )
    energy = panels.chart(
        say("Energy by day", "每日用电"),
        say(
            "What the cabinets metered on each local day; today up to now.",
            "控制柜每日计量电量，今日为截至当前。",
        ),
        board.query("energy_by_day"),
        grid(0, 34, 12, 8),
        unit="kwatth",
    )
    series(energy, "energy", title=say("energy", "电量"), color=QUIET)
    board.put(energy.draw_style(cm.GraphDrawStyle.BARS).fill_opacity(80).time_from("30d"))
    board.put(overview.asset_history(board, grid(12, 34, 12, 8)))
    return board.made


def _deviations(board: Board) -> table.Panel:
    panel = panels.listing(
        board.say("Lamps that draw less than usual", "功率低于常态的路灯"),
        board.say(
            "Newest power below what this hour of the day has taught us, in robust standard deviations.",
            "最新功率低于该时段学习值的程度，以稳健标准差计。",
        ),
        board.query("shortfalls", property=literal("active_power")),
        grid(0, 24, 12, 10),
        empty=texts.NOTHING_ABNORMAL.said_in(board.language),
    )
    column(panel, "state", title=board.say("State", "状态"), width=90, **state_cells(board.language))
    column(panel, "asset", title=texts.ASSET.said_in(board.language), links=[board.to_sensor(datastream=True)])
    column(panel, "value", title=board.say("Power", "功率"), width=90, unit="watt", decimals=0)
    column(panel, "expected", title=board.say("Usual", "常态"), width=90, unit="watt", decimals=0)
    column(
        panel, "shortfall", title=board.say("Shortfall", "不足"), width=150, unit="suffix:σ", decimals=1,
        **gauge_cells(maximum=20, limits=limits.above("lamp-power-residual")),
    )  # fmt: skip
    column(panel, "datastream_id", title="datastream_id", custom__hidden=True)
    return column(panel, "asset_id", title="asset_id", custom__hidden=True)
