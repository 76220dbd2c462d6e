"""Presets: how a number, a table, a chart looks on every dashboard."""

from collections.abc import Mapping
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, geomap, stat, statetimeline, table, timeseries, xychart
from grafana_foundation_sdk.builders import common as cb
from grafana_foundation_sdk.builders import dashboard as db
from grafana_foundation_sdk.models import common as cm
from grafana_foundation_sdk.models import dashboard as m

from dashboards.limits import Steps
from dashboards.palette import QUIET, State, surface
from dashboards.query import SOURCE, Query
from dashboards.texts import STATES, Language

Json = dict[str, Any]


def grid(x: int, y: int, width: int, height: int) -> m.GridPos:
    """Return a place on the grid of 24 columns."""
    return m.GridPos(h=height, w=width, x=x, y=y)


def steps(*limits: tuple[float | None, str]) -> db.ThresholdsConfig:
    """Return absolute thresholds: colours from a value upwards; the first has no value."""
    found = [m.Threshold(value=value, color=color) for value, color in limits]
    return db.ThresholdsConfig().mode(m.ThresholdsMode.ABSOLUTE).steps(found)


def state_mapping(language: Language) -> m.ValueMap:
    """Return words and colours of the six states."""
    options = {
        str(state.value): m.ValueMappingResult(text=STATES[state].said_in(language), color=surface(state), index=place)
        for place, state in enumerate(sorted(State, key=lambda state: -state.rank))
    }
    return m.ValueMap(options=options)


def number(title: str, description: str, query: Query, place: m.GridPos, *, color: str = QUIET) -> stat.Panel:
    """Return one count: grey at zero, ``color`` from one upwards."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .unit("short")
        .decimals(0)
        .with_target(query)
        .thresholds(steps((None, QUIET), (1, color)))
        .color_mode(cm.BigValueColorMode.VALUE)
        .graph_mode(cm.BigValueGraphMode.NONE)
        .text_mode(cm.BigValueTextMode.VALUE)
        .reduce_options(cb.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    )


def share(title: str, description: str, query: Query, place: m.GridPos, *, no_figure: str) -> stat.Panel:
    """Return a share in percent with its denominator in words: fields ``pct`` and ``share``."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query)
        .unit("percent")
        .decimals(1)
        .no_value(no_figure)
        .thresholds(steps((None, QUIET)))
        .color_mode(cm.BigValueColorMode.VALUE)
        .graph_mode(cm.BigValueGraphMode.NONE)
        .text_mode(cm.BigValueTextMode.VALUE)
        .orientation(cm.VizOrientation.HORIZONTAL)
        .reduce_options(every_field())
        .override_by_name("share", [m.DynamicConfigValue(id_val="unit", value="string")])
    )


def listing(title: str, description: str, query: Query, place: m.GridPos, *, empty: str) -> table.Panel:
    """Return a table."""
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query)
        .no_value(empty)
        .show_header(True)
        .cell_height(cm.TableCellHeight.SM)
    )


def column(panel: table.Panel, name: str, *, title: str, width: int | None = None, **more: object) -> table.Panel:
    """Give a column its title, a dash for nothing, and properties by their Grafana names (``__`` for a dot)."""
    properties = [
        m.DynamicConfigValue(id_val="displayName", value=title),
        m.DynamicConfigValue(id_val="noValue", value="–"),
    ]
    if width is not None:
        properties.append(m.DynamicConfigValue(id_val="custom.width", value=width))
    properties += [m.DynamicConfigValue(id_val=key.replace("__", "."), value=value) for key, value in more.items()]
    return panel.override_by_name(name, properties)


def state_cells(language: Language) -> Json:
    """Return the properties of a column that holds a state: its word on its colour."""
    return {
        "mappings": [state_mapping(language)],
        "custom__cellOptions": {"type": "color-background", "mode": "basic"},
    }


def word_cells(words: Mapping[str, tuple[str, str]]) -> Json:
    """Return the properties of a column that holds code words: how each is said, on which colour."""
    options = {
        code: m.ValueMappingResult(text=said, color=color, index=place)
        for place, (code, (said, color)) in enumerate(words.items())
    }
    return {
        "mappings": [m.ValueMap(options=options)],
        "custom__cellOptions": {"type": "color-background", "mode": "basic"},
    }


def gauge_cells(*, maximum: float | None = None, limits: Steps = ((None, QUIET),)) -> Json:
    """Return the properties of a column of numbers that are also drawn as bars."""
    cells: Json = {
        "custom__cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
        "thresholds": steps(*limits).build(),
        "min": 0,
    }
    return cells if maximum is None else {**cells, "max": maximum}


def figure(
    title: str, description: str, query: Query, place: m.GridPos, *, unit: str, limits: Steps = ((None, QUIET),)
) -> stat.Panel:
    """Return one measured figure, in the colour of the limit it has passed."""
    return number(title, description, query, place).unit(unit).thresholds(steps(*limits))


def every_field() -> cb.ReduceDataOptions:
    """Return that a stat shows the first row of whatever comes, texts too."""
    return cb.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/").values(False)


def ranking(
    title: str,
    description: str,
    query: Query,
    place: m.GridPos,
    *,
    unit: str,
    limits: Steps = ((None, QUIET),),
    empty: str,
) -> bargauge.Panel:
    """Return a bar per row of a table, of its first number; the first text names it."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query)
        .unit(unit)
        .min(0)
        .no_value(empty)
        .orientation(cm.VizOrientation.HORIZONTAL)
        .display_mode(cm.BarGaugeDisplayMode.BASIC)
        .value_mode(cm.BarGaugeValueMode.TEXT)
        .name_placement(cm.BarGaugeNamePlacement.LEFT)
        .text(cb.VizTextDisplayOptions().title_size(12).value_size(14))
        .sizing(cm.BarGaugeSizing.MANUAL)
        .min_viz_height(8)
        .max_viz_height(26)
        .show_unfilled(True)
        .thresholds(steps(*limits))
        .reduce_options(cb.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(True))
    )


def cloud(title: str, description: str, query: Query, place: m.GridPos, *, x: str, y: str) -> xychart.Panel:
    """Return points: the first column across, the second upwards, both with their titles."""
    panel = (
        xychart.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query)
        .color_scheme(db.FieldColor().mode(m.FieldColorModeId.FIXED).fixed_color(QUIET))
        .legend(cb.VizLegendOptions().show_legend(False).display_mode(cm.LegendDisplayMode.LIST))
    )
    for name, title_of_axis in (("x", x), ("y", y)):
        panel.override_by_name(
            name,
            [
                m.DynamicConfigValue(id_val="displayName", value=title_of_axis),
                m.DynamicConfigValue(id_val="custom.axisLabel", value=title_of_axis),
            ],
        )
    return panel


def chart(
    title: str, description: str, query: Query, place: m.GridPos, *, unit: str, floor: float | None = 0
) -> timeseries.Panel:
    """Return lines over time; the axis begins at ``floor``, None: where the values do."""
    panel = timeseries.Panel() if floor is None else timeseries.Panel().min(floor)
    return (
        panel.title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query.time_series())
        .unit(unit)
        .line_width(1)
        .show_points(cm.VisibilityMode.NEVER)
        .tooltip(cb.VizTooltipOptions().mode(cm.TooltipDisplayMode.MULTI).sort(cm.SortOrder.DESCENDING))
        .legend(
            cb.VizLegendOptions()
            .display_mode(cm.LegendDisplayMode.LIST)
            .placement(cm.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )


def bars(panel: timeseries.Panel) -> timeseries.Panel:
    """Turn lines into stacked bars."""
    return (
        panel.draw_style(cm.GraphDrawStyle.BARS)
        .fill_opacity(90)
        .line_width(0)
        .stacking(cb.StackingConfig().mode(cm.StackingMode.NORMAL).group("A"))
    )


def limited(panel: timeseries.Panel, limits: Steps) -> timeseries.Panel:
    """Draw limits as dashed lines."""
    return panel.thresholds(steps(*limits)).thresholds_style(
        cb.GraphThresholdsStyleConfig().mode(cm.GraphThresholdsStyleMode.DASHED)
    )


def series(panel: timeseries.Panel, name: str, *, title: str, color: str) -> timeseries.Panel:
    """Give a series its name and colour."""
    return panel.override_by_name(
        name,
        [
            m.DynamicConfigValue(id_val="displayName", value=title),
            m.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color}),
        ],
    )


def timeline(
    title: str, description: str, query: Query, place: m.GridPos, *, language: Language
) -> statetimeline.Panel:
    """Return one band of states per series; it merges by threshold and takes its colours from there."""
    limits = [(None if state is State.NORMAL else float(state), surface(state)) for state in sorted(State)]
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query.time_series())
        .mappings([state_mapping(language)])
        .color_scheme(db.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
        .thresholds(steps(*limits))
        .merge_values(True)
        .show_value(cm.VisibilityMode.NEVER)
        .row_height(0.75)
        .fill_opacity(90)
        .legend(cb.VizLegendOptions().show_legend(False).display_mode(cm.LegendDisplayMode.LIST))
    )


def asset_map(
    title: str,
    description: str,
    query: Query,
    place: m.GridPos,
    *,
    language: Language,
    outlines: str,
    zoom: float = 8.9,
) -> geomap.Panel:
    """Return assets on the outlines of the districts; ``outlines`` is an absolute address of GeoJSON.

    The markers' colour and size follow the state, so that a state can be told without seeing colours.
    """
    markers = {
        "showLegend": False,
        "style": {
            "color": {"field": "state", "fixed": QUIET},
            "opacity": 0.95,
            "size": {"field": "rank", "fixed": 5, "min": 4, "max": 11},
            "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        },
    }
    border = {"style": {"color": {"fixed": QUIET}, "opacity": 0.15, "lineWidth": 1}, "src": outlines, "rules": []}
    return (
        geomap.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .grid_pos(place)
        .with_target(query)
        .view(geomap.MapViewConfig().id("coords").lat(30.57).lon(114.33).zoom(zoom))  # type: ignore[arg-type]
        .controls(geomap.ControlsOptions().show_zoom(True).show_attribution(False).mouse_wheel_zoom(False))
        .tooltip(geomap.TooltipOptions().mode("details"))  # type: ignore[arg-type]
        .basemap(
            cb.MapLayerOptions()
            .type("xyz")
            .name("base")
            .config({"url": "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"})
        )
        .layers(
            [
                cb.MapLayerOptions().type("geojson").name("districts").config(border).tooltip(False),
                cb.MapLayerOptions()
                .type("markers")
                .name("assets")
                .config(markers)
                .location(
                    cb.FrameGeometrySource().mode(cm.FrameGeometrySourceMode.COORDS).latitude("lat").longitude("lon")
                )
                .tooltip(True),
            ]
        )
        .color_scheme(db.FieldColor().mode(m.FieldColorModeId.THRESHOLDS))
        .thresholds(steps((None, QUIET)))
        .override_by_name("state", [m.DynamicConfigValue(id_val="mappings", value=[state_mapping(language)])])
    )


def link(url: str, title: str) -> Json:
    """Return a link for a column or a series."""
    return {"title": title, "url": url, "targetBlank": True}


SEVERITIES: Final = (State.CRITICAL, State.MAJOR, State.MINOR, State.ADVISORY)
