"""Which datastream a reading belongs to: the registry, arranged for looking up by topic and name."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from citywatch.errors import Reason, Rejected
from citywatch.model.identifiers import AssetId, DatastreamId, DistrictId, SensorId, SystemId
from citywatch.model.registry import Datastream, Sampling
from citywatch.model.units import Conversion, conversion
from citywatch.wire.topics import Topic

_REMEMBERED: Final = 1000  # refused names per sensor; a device that invents names must not fill the memory
_LONGEST_REMEMBERED: Final = 200  # characters of a refused name with its unit
_ARRIVES: Final = {
    Sampling.SCALAR: "it arrives as single readings; publish it on .../senml",
    Sampling.WAVEFORM: "it arrives as waveform blocks; publish it on .../wave",
}


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The datastream a reading belongs to, and how its unit is converted."""

    datastream_id: DatastreamId
    conversion: Conversion | None

    def convert(self, value: float) -> float:
        """Return a sent value in the unit of the datastream."""
        return value if self.conversion is None else self.conversion.apply(value)


@dataclass(slots=True)
class SensorEntry:
    """The datastreams of one sensor by name, and what is known so far of each (name, unit as sent)."""

    district_id: DistrictId
    system_id: SystemId
    removed_at: datetime | None
    some_datastream_id: DatastreamId
    datastreams: dict[str, Datastream] = field(default_factory=dict)
    targets: dict[tuple[str, str | None], Target] = field(default_factory=dict)
    refused: dict[tuple[str, str | None], Rejected] = field(default_factory=dict)


class Catalogue:
    """All datastreams.

    A reading or waveform block names its property alone (``strain``) or in full (``bridge-1/gauge-2/strain``).
    ``span`` and ``plausible`` are float64 (n, 2), indexed by datastream number, so that they fit every reading that
    an earlier state of the registry resolved.
    """

    def __init__(self, datastreams: Iterable[Datastream]) -> None:
        streams = list(datastreams)
        size = 1 + max((stream.datastream_id for stream in streams), default=0)
        self.span = np.tile([-np.inf, np.inf], (size, 1))
        self.plausible = self.span.copy()
        self._sensors: dict[tuple[AssetId, SensorId], SensorEntry] = {}
        for stream in streams:
            measure = stream.measure
            self.span[stream.datastream_id] = measure.span.low, measure.span.high
            self.plausible[stream.datastream_id] = measure.plausible.low, measure.plausible.high
            entry = self._sensors.setdefault(
                (stream.asset_id, stream.sensor_id),
                SensorEntry(stream.district_id, stream.system_id, stream.removed_at, stream.datastream_id),
            )
            entry.datastreams[measure.property_id] = stream
            entry.datastreams[f"{stream.asset_id}/{stream.sensor_id}/{measure.property_id}"] = stream
        self.size = len(streams)

    def sensor(self, topic: Topic) -> SensorEntry:
        """Return the sensor a topic speaks of.

        Raises
        ------
        Rejected
            ``unknown_datastream``: no such sensor, or it was removed; ``name_mismatch``: it stands in another district
            or system, so the access rules that follow the topic would not be those of the asset.
        """
        entry = self.entry(topic.asset_id, topic.sensor_id)
        if entry.district_id != topic.district_id or entry.system_id != topic.system_id:
            raise Rejected(
                Reason.NAME_MISMATCH,
                f"{topic.asset_id} is registered under {entry.district_id}/{entry.system_id}; publish there",
            )
        return entry

    def entry(self, asset_id: AssetId, sensor_id: SensorId) -> SensorEntry:
        """Return an installed sensor.

        Raises
        ------
        Rejected
            ``unknown_datastream``: no such sensor, or it was removed.
        """
        entry = self._sensors.get((asset_id, sensor_id))
        if entry is None:
            raise Rejected(
                Reason.UNKNOWN_DATASTREAM, f"there is no sensor {asset_id[:64]}/{sensor_id[:64]}; register it first"
            )
        if entry.removed_at is not None:
            raise Rejected(Reason.UNKNOWN_DATASTREAM, f"the sensor was removed on {entry.removed_at:%Y-%m-%d}")
        return entry

    def target(self, entry: SensorEntry, name: str, unit: str | None) -> Target:
        """Return where a reading of this name and unit goes, and remember it.

        A refusal is remembered too. Who catches it takes its traceback away, which would keep the whole message.

        Raises
        ------
        Rejected
            ``unknown_datastream``, ``name_mismatch``, ``wrong_type`` or ``unit_mismatch``.
        """
        key = (name, unit)
        if key in entry.refused:
            raise entry.refused[key]
        try:
            target = entry.targets[key] = self._find(entry, name, unit, Sampling.SCALAR)
        except Rejected as rejection:
            if len(entry.refused) < _REMEMBERED and len(name) + len(unit or "") <= _LONGEST_REMEMBERED:
                entry.refused[key] = rejection
            raise
        return target

    def waveform_target(self, entry: SensorEntry, name: str, unit: str | None) -> Target:
        """Return where a waveform block of this name and unit goes; raises as :meth:`target` does."""
        return self._find(entry, name, unit, Sampling.WAVEFORM)

    def _find(self, entry: SensorEntry, name: str, unit: str | None, sampling: Sampling) -> Target:
        stream = entry.datastreams.get(name)
        if stream is None:
            known = ", ".join(sorted(known for known in entry.datastreams if "/" not in known))
            reason = Reason.NAME_MISMATCH if "/" in name else Reason.UNKNOWN_DATASTREAM
            raise Rejected(reason, f"name {name[:200]!r}: this sensor observes {known}")
        if stream.measure.sampling is not sampling:
            raise Rejected(Reason.WRONG_TYPE, f"name {name[:200]!r}: {_ARRIVES[stream.measure.sampling]}")
        return Target(stream.datastream_id, None if unit is None else conversion(unit, stream.unit))
