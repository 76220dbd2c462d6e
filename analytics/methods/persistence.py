"""Raise on n of m, release with a dead band that has to hold."""

from dataclasses import dataclass

import numpy as np

from analytics.methods.ticks import Columns, Floats, Places, observed, rows_of


@dataclass(frozen=True, slots=True)
class PersistenceParams:
    """``wanted`` of the last ``window`` scores [samples] have to exceed the limit, 1 <= wanted <= window <= 60;
    ``release`` [-] in (0, 1]: share of the limit to come back below; ``hold`` [samples] >= 1: for how long.
    """

    wanted: int = 3
    window: int = 5
    release: float = 0.7
    hold: int = 15

    def __post_init__(self) -> None:
        if not (1 <= self.wanted <= self.window <= 60 and 0 < self.release <= 1 and self.hold >= 1):
            raise ValueError("1 <= wanted <= window <= 60, 0 < release <= 1 and hold >= 1")


class Persistence:
    """Whether m datastreams are in alarm.

    Formula: raised when ``sum(score > limit over the last window) >= wanted``; released when
    ``score <= release * limit`` for ``hold`` scores in a row

    Parameters
    ----------
    limit
        Shape (m,), [unit of the score], >= 0.
    params
        See :class:`PersistenceParams`.

    Notes
    -----
    ``update`` returns 1.0 in alarm and 0.0 out of it [-], nan where there is no score. A limit of one sigma fires on a
    third of normal values: only persistence makes such a rule bearable.

    Examples
    --------
    >>> rule = Persistence(np.ones(1), PersistenceParams(wanted=2, window=3, release=0.5, hold=2))
    >>> rule.update(np.array([[2.0], [0.0], [2.0], [0.8], [0.1], [0.1], [2.0]])).ravel().tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]

    References
    ----------
    ANSI/ISA-18.2-2016, clause 10: deadband and delays as alarm attributes.
    """

    def __init__(self, limit: Floats, params: PersistenceParams) -> None:
        self._limit = limit
        self._params = params
        count = len(limit)
        self.state: Columns = {
            "exceeded": np.zeros(count, dtype=np.uint64),  # one bit per score, the newest lowest
            "calm": np.zeros(count, dtype=np.int64),
            "raised": np.zeros(count, dtype=np.bool_),
        }

    def update(self, block: Floats, places: Places | None = None) -> Floats:
        """Take a block (k, c) of scores; return 1.0 in alarm, 0.0 out of it."""
        alarms = np.full(block.shape, np.nan)
        params = self._params
        limit = self._limit if places is None else self._limit[places]
        mask = np.uint64((1 << params.window) - 1)
        with rows_of(self.state, places) as rows, np.errstate(invalid="ignore"):
            for turn, scores in enumerate(block):
                here = observed(scores)
                bits = ((rows["exceeded"] << np.uint64(1)) | (scores > limit).astype(np.uint64)) & mask
                calm = np.where(scores <= params.release * limit, rows["calm"] + 1, 0)
                released = rows["raised"] & (calm >= params.hold)
                bits = np.where(released, np.uint64(0), bits)  # an old exceedance does not raise again
                raised = (rows["raised"] & ~released) | (np.bitwise_count(bits) >= params.wanted)
                rows["exceeded"] = np.where(here, bits, rows["exceeded"])
                rows["calm"] = np.where(here, calm, rows["calm"])
                rows["raised"] = np.where(here, raised, rows["raised"])
                alarms[turn] = np.where(here, raised, np.nan)
        return alarms
