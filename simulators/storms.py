"""From the storm events of a scenario to rain."""

from simulators.environment.rain import Storm, StormFormula
from simulators.events import StormEvent
from simulators.scenario import Scenario


def storms_of(scenario: Scenario, start: float, end: float) -> list[Storm]:
    """Return the storms that touch an interval [s since the epoch]."""
    storms = []
    for episode in scenario.episodes(start, end, StormEvent):
        event = episode.event
        assert isinstance(event, StormEvent)
        centre = scenario.assets[episode.asset_id]
        storms.append(
            Storm(
                start=episode.start,
                duration=event.duration,
                return_period=event.return_period,
                peak_ratio=event.peak_ratio,
                latitude=centre.latitude,
                longitude=centre.longitude,
                radius=event.radius,
                formula=StormFormula(**event.formula.model_dump()),
            )
        )
    return storms
