"""Errors, named by what the caller must do about them.

A loop catches :class:`Rejected` per message, retries :class:`Unavailable` per batch and lets everything else end the
process. Storage and broker translate vendor errors into these at their edge and keep the cause.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message or reading was rejected: the reason code of a dead letter."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_DECODABLE = "not_decodable"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_FORMAT = "unknown_format"
    UNKNOWN_DATASTREAM = "unknown_datastream"
    UNKNOWN_ALIAS = "unknown_alias"
    NAME_MISMATCH = "name_mismatch"
    WRONG_TYPE = "wrong_type"
    NO_VALUE = "no_value"
    NOT_FINITE = "not_finite"
    UNIT_MISMATCH = "unit_mismatch"
    TIME_MISSING = "time_missing"
    TIME_IN_FUTURE = "time_in_future"
    TIME_TOO_OLD = "time_too_old"
    REFUSED_BY_STORAGE = "refused_by_storage"


class CitywatchError(Exception):
    """An error with a sentence for the person who reads it: what is wrong, and what would mend it."""


class Rejected(CitywatchError):
    """A message or reading that can never be accepted as it is; it belongs to the dead letters."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Unavailable(CitywatchError):
    """A server that does not answer now; the same call may succeed later."""


class Conflict(CitywatchError):
    """A change that contradicts the present state."""


class NotFound(CitywatchError):
    """Something named by the caller does not exist."""


class Misconfigured(CitywatchError):
    """A setting, file or installation that a person has to change before the process can work."""
