"""The count of a device: which messages are missing, late or of a new start (docs/reference/wire-sequence.md)."""

from dataclasses import dataclass
from typing import Final

from citywatch.model.devices import SequenceState

WINDOW: Final = 63
"""How many numbers below the highest are remembered; as many bits as a bigint has without its sign."""

JUMP: Final = 100_000
"""A longer jump is another counter, not a gap."""

_MASK: Final = 2**WINDOW - 1


@dataclass(frozen=True, slots=True)
class Step:
    """What one message does to the count."""

    state: SequenceState
    skipped: int = 0
    out_of_order: int = 0
    restarts: int = 0


def advance(state: SequenceState | None, seq: int, sent: int | None, *, is_repeated: bool) -> Step:
    """Return the count after a message.

    Parameters
    ----------
    sent
        When the message left the device [us since the epoch], by the clock of the device.
    is_repeated
        There is nothing new in it: then a number seen before says nothing.
    """
    if state is None:
        return Step(SequenceState(seq, 1, sent))
    ahead = seq - state.last
    if 0 < ahead <= JUMP:
        seen = (state.seen << ahead | 1) & _MASK if ahead < WINDOW else 1
        return Step(SequenceState(seq, seen, sent if sent is not None else state.sent), skipped=ahead - 1)
    if ahead <= 0 and is_repeated:
        return Step(state)
    if -JUMP <= ahead <= 0:
        behind = -ahead
        is_remembered = behind < WINDOW
        if _is_old(state, seq, sent, is_hole=is_remembered and not state.seen >> behind & 1):
            if not is_remembered:
                return Step(state, out_of_order=1)
            is_new = not state.seen >> behind & 1
            return Step(SequenceState(state.last, state.seen | 1 << behind, state.sent), out_of_order=int(is_new))
    return Step(SequenceState(seq, 1, sent), restarts=1)


def _is_old(state: SequenceState, seq: int, sent: int | None, *, is_hole: bool) -> bool:
    """Return whether a number below the highest belongs to the present count, rather than to a new one.

    The send time decides. Without it a number that is missing is taken for the missing one. Number 0 begins a new
    count unless it is missing: a clock that starts with the device may run behind.
    """
    if seq == 0 and not is_hole:
        return False
    if sent is None or state.sent is None:
        return is_hole
    return sent < state.sent
