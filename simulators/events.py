"""What may befall the assets of a city: models of the entries of a scenario file (docs/reference/scenarios.md)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """A part of a scenario file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(Entry):
    """Something that befalls assets; ``start`` and ``duration`` [s] within the round.

    An entry of ``assets`` is an id or a pattern such as ``lamp-001-*``. One asset per round is visited, in turn, unless
    all are hit ``together``.
    """

    befalls: ClassVar[str | None] = None
    """Kind of the assets it can befall; None: any."""

    assets: Annotated[tuple[str, ...], Field(min_length=1)]
    start: Annotated[float, Field(ge=0)]
    duration: Annotated[float, Field(gt=0)]
    together: bool = False


class Formula(Entry):
    """Rain intensity ``strength (1 + frequency lg P) / (t + b)^n`` in L/(s ha), P in years, t in minutes.

    The default is one of several formulas in circulation for Wuhan; unverified (U).
    """

    strength: Annotated[float, Field(gt=0)] = 1614.0
    frequency: Annotated[float, Field(ge=0)] = 0.887
    b: Annotated[float, Field(gt=0)] = 11.23
    n: Annotated[float, Field(gt=0, lt=1)] = 0.658


class StormEvent(Event):
    """Rain of Chicago shape around an asset; ``return_period`` [years], ``radius`` [km], the city's ``formula``."""

    befalls = "ponding-point"
    event: Literal["storm"]
    return_period: Annotated[float, Field(ge=0.2, le=1000)]
    peak_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.35
    radius: Annotated[float, Field(gt=0)]
    formula: Formula = Formula()


class BlockedInlet(Event):
    """Leaves and rubbish close ``share`` (0-1) of a point's inlets; a crew clears them at the end."""

    befalls = "ponding-point"
    event: Literal["blocked-inlet"]
    share: Annotated[float, Field(gt=0, le=1)]


class GasLeak(Event):
    """Gas leaves a pipe in a valve well through a hole of ``diameter`` [mm]; a crew closes it at the end."""

    befalls = "gas-valve-well"
    event: Literal["gas-leak"]
    diameter: Annotated[float, Field(gt=0, le=20)]


class SewerGas(Event):
    """Gas of a sewer beside a valve well adds up to ``level`` [%LEL], slowly; rain thins it, warmth does not matter."""

    befalls = "gas-valve-well"
    event: Literal["sewer-gas"]
    level: Annotated[float, Field(gt=0, le=100)]


class BreakerTrip(Event):
    """The breaker of a lighting cabinet opens: no voltage, and the lamp controllers behind it go silent."""

    befalls = "lighting-cabinet"
    event: Literal["breaker-trip"]


class ShipImpact(Event):
    """A ship strikes a pier, which stays tilted by ``tilt`` [deg] until it has been set right."""

    befalls = "bridge"
    event: Literal["ship-impact"]
    tilt: Annotated[float, Field(gt=0, le=5)]


class StiffnessLoss(Event):
    """A girder loses ``share`` (0-1) of its stiffness little by little until the end, when it has been repaired."""

    befalls = "bridge"
    event: Literal["stiffness-loss"]
    share: Annotated[float, Field(gt=0, le=0.5)]


class Convoy(Event):
    """Trucks of ``mass`` [t] follow each other every ``gap`` [s]."""

    befalls = "bridge"
    event: Literal["convoy"]
    mass: Annotated[float, Field(gt=0, le=300)]
    gap: Annotated[float, Field(ge=1)] = 6.0


class JointJam(Event):
    """An expansion joint is jammed and stays where it was at the start."""

    befalls = "bridge"
    event: Literal["joint-jam"]


class CableTheft(Event):
    """Somebody steals the cables behind a cabinet: no current, the lamps are silent, the cabinet has its voltage."""

    befalls = "lighting-cabinet"
    event: Literal["cable-theft"]


class Leakage(Event):
    """Water in lamp bases lets ``current`` [mA] leak from the cables of a cabinet until the end."""

    befalls = "lighting-cabinet"
    event: Literal["leakage"]
    current: Annotated[float, Field(gt=0, le=3000)]


class LampFailure(Event):
    """A lamp or its driver is broken: the controller lives, the lamp is dark."""

    befalls = "lamp"
    event: Literal["lamp-failure"]


AnyPhysicalEvent = (
    StormEvent
    | BlockedInlet
    | GasLeak
    | SewerGas
    | BreakerTrip
    | ShipImpact
    | StiffnessLoss
    | Convoy
    | JointJam
    | CableTheft
    | Leakage
    | LampFailure
)


@dataclass(frozen=True, slots=True)
class Episode:
    """One occurrence of an event at one asset, from ``start`` until ``end`` [s since the epoch].

    ``number`` is the place of the event in its scenario.
    """

    episode_id: str
    number: int
    event: Event
    asset_id: str
    start: float
    end: float
