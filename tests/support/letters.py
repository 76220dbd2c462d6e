"""Dead letters written as ingest writes them."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from citywatch.errors import Reason
from citywatch.model.observations import Account, Batch, DeadLetter, Observations
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.batches import BatchWriter

NOTHING = Observations(
    np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64),
    np.empty(0), np.empty(0, dtype=np.int16),
)  # fmt: skip


def dead_letter(
    at: datetime,
    *,
    reason: Reason = Reason.UNKNOWN_DATASTREAM,
    topic: str = "citywatch/v1/hanyang/bridge/yangtze-1/strain-9/senml",
    payload: bytes = b"[]",
    size: int | None = None,
    indices: tuple[int, ...] | None = None,
) -> DeadLetter:
    """Return a letter; ``size`` above the length of the payload makes it a truncated one."""
    return DeadLetter(
        received_at=at,
        topic=topic,
        content_type="application/senml+json",
        reason=reason,
        detail="why it was rejected",
        readings=1 if indices is None else len(indices),
        indices=indices,
        payload=payload,
        payload_size=len(payload) if size is None else size,
        payload_sha256=hashlib.sha256(payload).digest(),
    )


def write_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Write letters in a batch of their own, with what the ledger says of them."""
    accounts = [Account(letter.received_at, "?", 1, letter.readings, letter.readings) for letter in letters]
    for letter, account in zip(letters, accounts, strict=True):
        batch = Batch(NOTHING, np.empty(0, dtype=np.int32), [account], [letter], [])
        BatchWriter(connection, ingester="test").write(batch)
