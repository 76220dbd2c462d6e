"""The residual detector: a value away from what its hour of the day has taught, in robust deviations."""

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.scored import ScoredRule, SeverityChange, worse
from analytics.local_time import LocalHours, hour_of_day, is_day_off
from analytics.methods.slot_profile import SlotProfile, SlotProfileParams, best_slot, learn, robust_z
from analytics.state import Columns
from analytics.streams import Block, Streams
from citywatch.model.quality import Flag
from citywatch.model.rules import Rule

_NO_HOUR = -1
_LARGEST = 1e150  # the squares of larger values overflow


class ResidualDetector:
    """Judges values against the slot profile of their datastream, and learns the profile hour by hour.

    Only values of quality pass are judged and learned. An hour in which the rule was busy on a datastream is not
    learned, so a fault does not become normal.
    """

    def __init__(
        self, rule: Rule, streams: Streams, hours: LocalHours, params: SlotProfileParams | None = None
    ) -> None:
        self.scored = ScoredRule(rule, streams)
        self._hours = hours
        self._params = params or SlotProfileParams()
        count = len(streams)
        self._profile = SlotProfile.blank(count)
        self._floor = np.maximum(streams.resolution / 2, 1e-9)
        self._state: Columns = {
            "hour": np.full(count, _NO_HOUR, dtype=np.int64),
            "sum": np.zeros(count),
            "square": np.zeros(count),
            "count": np.zeros(count, dtype=np.int64),
            "frozen": np.zeros(count, dtype=np.bool_),
        }

    @property
    def columns(self) -> Columns:
        """What has to survive a restart."""
        profile = self._profile
        return {**self._state, "mean": profile.mean, "variance": profile.variance, "hours": profile.hours}

    def learned_slots(self) -> NDArray[np.intp]:
        """Return how many of the hours of the day each datastream (m,) knows well enough to judge, 0-24."""
        learned: NDArray[np.intp] = np.count_nonzero(self._profile.hours[:, :24] >= self._params.enough, axis=1)
        return learned

    def expectation(self, place: int, time: float) -> tuple[float, float] | None:
        """Return mean and scale [unit] for a moment [s since the epoch], None while they are being learned."""
        local = self._hours.of(np.array([time]))
        row = np.array([place])
        slot = best_slot(self._profile, row, hour_of_day(local), is_day_off(local), self._params)
        if slot[0] < 0:
            return None
        variance = self._profile.variance[place, slot[0]]
        return float(self._profile.mean[place, slot[0]]), float(max(np.sqrt(variance), self._floor[place]))

    def update(self, block: Block) -> list[SeverityChange]:
        """Return the changes of severity that a block brings."""
        usable = (block.flag == Flag.PASS) & (np.abs(block.value) < _LARGEST)
        chosen = block.where(self.scored.applies[block.place] & usable)
        if not len(chosen):
            return []
        local = self._hours.of(chosen.time)
        changes: list[SeverityChange] = []
        turn = _turns(chosen.place, local)
        for number in range(int(turn.max()) + 1):
            rows = turn == number
            changes += self._one_hour(chosen.where(rows), local[rows])
        return changes

    def _one_hour(self, block: Block, local: NDArray[np.int64]) -> list[SeverityChange]:
        """Handle rows of which each datastream has those of one hour."""
        places, starts = block.segments.streams, block.segments.starts
        self._close_hours(places, local[starts])
        slot = best_slot(self._profile, block.place, hour_of_day(local), is_day_off(local), self._params)
        mean = self._profile.mean[block.place, slot]
        variance = self._profile.variance[block.place, slot]
        known = slot >= 0
        z = np.where(known, robust_z(block.value, mean, variance, self._floor[block.place]), np.nan)
        judgement = self.scored.update(block, worse(self.scored.rule.direction, z))

        reach = self._params.clip * np.maximum(np.sqrt(variance), self._floor[block.place])
        tame = np.where(known, np.clip(block.value, mean - reach, mean + reach), block.value)
        self._state["sum"][places] += np.add.reduceat(tame, starts)
        self._state["square"][places] += np.add.reduceat(tame**2, starts)
        self._state["count"][places] += np.diff(np.append(starts, len(block)))
        self._state["frozen"][judgement.unrest] = True
        return judgement.changes

    def _close_hours(self, places: NDArray[np.intp], local: NDArray[np.int64]) -> None:
        """Learn the hours that ended for these datastreams, and begin the new ones."""
        state = self._state
        ended = places[(state["hour"][places] != local) & (state["hour"][places] != _NO_HOUR)]
        ended = ended[(state["count"][ended] > 0) & ~state["frozen"][ended]]
        if len(ended):
            hour, count = state["hour"][ended], state["count"][ended]
            mean, square = state["sum"][ended] / count, state["square"][ended] / count
            clock, off = hour_of_day(hour), is_day_off(hour)
            for slots in (clock, 24 + 24 * off + clock):
                learn(self._profile, ended, slots, mean, square, self._params)
        new = state["hour"][places] != local
        begun = places[new]
        state["hour"][begun] = local[new]
        state["sum"][begun] = state["square"][begun] = 0.0
        state["count"][begun] = 0
        state["frozen"][begun] = False


def _turns(place: NDArray[np.intp], local: NDArray[np.int64]) -> NDArray[np.intp]:
    """Number the hours of each datastream in a block: 0 for the first, 1 for the next, ..."""
    new_stream = np.ones(len(place), dtype=np.bool_)
    new_stream[1:] = place[1:] != place[:-1]
    new_hour = np.zeros(len(place), dtype=np.bool_)
    new_hour[1:] = (local[1:] != local[:-1]) & ~new_stream[1:]
    total = np.cumsum(new_hour)
    first = np.maximum.accumulate(np.where(new_stream, np.arange(len(place)), 0))
    return (total - total[first]).astype(np.intp)
