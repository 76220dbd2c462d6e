"""What became of a replay: what was sent beside what ingest did with it."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from citywatch.storage.pipeline.ledger import LedgerTotals, Rejection
from simulators.recordings.message import source_of
from simulators.recordings.replay import Sent, Tally


@dataclass(frozen=True, slots=True)
class Account:
    """What was sent, and in an isolated replay what ingest added to its ledger and dead letters because of it."""

    sent: Sent
    ledger: Mapping[str, LedgerTotals] | None = None
    rejections: Sequence[Rejection] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def sources(self) -> dict[str, tuple[Tally, LedgerTotals]]:
        """Return by source what was sent and what ingest did with it."""
        sent, ledger = self.sent.sources(), self.ledger or {}
        return {
            source: (sent.get(source, Tally()), ledger.get(source, LedgerTotals()))
            for source in sorted({*sent, *ledger})
        }

    def reasons(self, source: str) -> Counter[str]:
        """Return the rejected readings of a source by reason."""
        reasons: Counter[str] = Counter()
        for rejection in self.rejections:
            if source_of(rejection.topic) == source:
                reasons[rejection.reason] += rejection.readings
        return reasons

    def pending(self, source: str) -> int:
        """Return how many messages of a source ingest has not accounted for."""
        tally, totals = self.sources()[source]
        return max(0, tally.messages - totals.messages)

    def is_good(self) -> bool:
        """Return whether everything was sent and, where that can be known, accounted for to the last reading."""
        return self.sent.is_complete and (self.ledger is None or all(map(self._is_balanced, self.sources())))

    def _is_balanced(self, source: str) -> bool:
        _, totals = self.sources()[source]
        return (
            self.pending(source) == 0
            and totals.is_balanced()
            and totals.received >= self._due(source)
            and totals.rejected == self.reasons(source).total()
        )

    def _due(self, source: str) -> int:
        """Return how many readings ingest must have received; a message rejected as a whole counts as one."""
        whole = {rejection.topic for rejection in self.rejections if rejection.whole}
        return sum(
            tally.messages if topic in whole else tally.readings
            for topic, tally in self.sent.topics.items()
            if source_of(topic) == source
        )

    def as_json(self) -> dict[str, Any]:
        """Return the account for scripts."""
        sources: dict[str, Any] = {source: {"sent": asdict(tally)} for source, (tally, _) in self.sources().items()}
        if self.ledger is not None:
            for source, (_, totals) in self.sources().items():
                fates = {**asdict(totals), "rejected": dict(self.reasons(source))}
                sources[source] |= {"ingested": fates, "pending": self.pending(source)}
        return {
            "sent": {"messages": self.sent.messages, "readings": self.sent.readings},
            "complete": self.sent.is_complete,
            "balanced": None if self.ledger is None else all(map(self._is_balanced, self.sources())),
            "sources": sources,
            "seconds": self.seconds,
        }


def print_account(account: Account) -> None:
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 120)
    headings = ["source", "messages", "readings"]
    if account.ledger is not None:
        headings += ["stored", "duplicate", "conflict", "rejected", "pending"]
    table = Table(box=None)
    for heading in headings:
        is_number = heading != "source"
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for source, (tally, totals) in account.sources().items():
        numbers = [tally.messages, tally.readings]
        if account.ledger is not None:
            numbers += [totals.stored, totals.duplicate, totals.conflict, totals.rejected, account.pending(source)]
        table.add_row(source, *(f"{number:,}" for number in numbers))
    console.print(table)
    for source in account.sources():
        for reason, count in sorted(account.reasons(source).items()):
            console.print(f"{source}: {count:,} rejected as {reason}")
    end = "" if account.sent.is_complete else ", stopped before the end"
    console.print(f"{account.sent.messages:,} messages with {account.sent.readings:,} readings sent{end}")
    if account.ledger is not None:
        verdict = "accounted for" if account.is_good() else "NOT accounted for"
        console.print(f"every reading {verdict}, {account.seconds['until_stored']:.1f} s after the first message")
