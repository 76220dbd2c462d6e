"""Event windows: stretches of time of which an asset's waveform blocks are kept for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from citywatch.model.identifiers import AlarmId, AssetId, DatastreamId
from citywatch.model.rules import Severity


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How much is kept around an alarm of at least ``severity``: before and after the observation that decided."""

    before: timedelta = timedelta(seconds=60)
    after: timedelta = timedelta(seconds=300)
    severity: Severity = Severity.MAJOR


@dataclass(frozen=True, slots=True)
class EventWindow:
    """A kept window; a block is in it when any of its values is.

    Parameters
    ----------
    datastream_id
        The one datastream it is about, None: all waveform datastreams of the asset.
    alarm_id
        The alarm it surrounds, None: a person asked for it.
    """

    asset_id: AssetId
    datastream_id: DatastreamId | None
    begins_at: datetime
    ends_at: datetime
    reason: str
    actor: str
    alarm_id: AlarmId | None = None


@dataclass(frozen=True, slots=True)
class KeptWindow(EventWindow):
    """An event window as it is stored; ``blocks`` is how many blocks there are in it now."""

    event_window_id: int = 0
    blocks: int = 0
