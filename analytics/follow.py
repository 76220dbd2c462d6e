"""Following the committed batches: read, evaluate, write, advance - all results of a batch exactly once.

Results and position are one transaction. The state of the detectors is large and changes all the time, so it is kept
only now and then; after a restart the batches since then are evaluated once more with their results dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analytics.alarms import write_anomalies
from analytics.evaluate import Evaluator, Results
from citywatch.clock import Clock, from_micros
from citywatch.logs import logger
from citywatch.model.event_windows import Surroundings
from citywatch.model.identifiers import AssetId, RuleId
from citywatch.model.names import Name
from citywatch.model.rules import Rule
from citywatch.storage.connection import Connection
from citywatch.storage.pipeline.batches import read_batches
from citywatch.storage.pipeline.findings import write_findings, write_gaps
from citywatch.storage.pipeline.followers import advance, claim_position, write_checkpoint

FOLLOWER: Final = "analytics"


@dataclass(slots=True)
class Counters:
    """What this process has done since its start."""

    batches: int = 0
    observations: int = 0
    findings: int = 0
    anomalies: int = 0
    position: int = 0


class Follower:
    """Evaluates batches on one connection; nobody else may follow under the same name meanwhile."""

    def __init__(
        self,
        connection: Connection,
        evaluator: Evaluator,
        *,
        rules: Sequence[Rule],
        assets: Mapping[AssetId, Name],
        clock: Clock,
        kept: Surroundings | None = None,
    ) -> None:
        self._connection = connection
        self._evaluator = evaluator
        self._rules: dict[RuleId, Rule] = {rule.rule_id: rule for rule in rules}
        self._assets = assets
        self._clock = clock
        self._kept = kept
        self.counters = Counters()
        with connection.transaction():
            position = claim_position(connection, FOLLOWER)
        self._position = position.checkpoint_at
        self._outputs_to = position.outputs_to
        if position.state is not None:
            evaluator.restore(position.state)
        logger().info("follows", after=self._position, results_exist_to=self._outputs_to)

    def step(self, limit: int = 50) -> int:
        """Evaluate up to ``limit`` batches; return how many there were."""
        batches = read_batches(self._connection, after=self._position, limit=limit)
        results = [self._evaluator.evaluate(batch) for batch in batches]
        new = [one for one in results if one.batch_no > self._outputs_to]
        with self._connection.transaction():
            if new:
                self._write(new)
                advance(self._connection, FOLLOWER, new[-1].batch_no)
        if batches:
            self._position = batches[-1].batch_no
            self._outputs_to = max(self._outputs_to, self._position)
            self.counters.position = self._position
        self.counters.batches += len(batches)
        self.counters.observations += sum(len(batch.observations) for batch in batches)
        return len(batches)

    def checkpoint(self) -> None:
        """Keep the state, so that a restart continues from here."""
        with self._connection.transaction():
            write_checkpoint(self._connection, FOLLOWER, self._position, self._evaluator.save())

    def _write(self, results: Sequence[Results]) -> None:
        for result in results:
            quality, gaps = result.quality, result.gaps
            write_findings(
                self._connection,
                datastream_ids=quality.number.tolist(),
                times=[from_micros(micros) for micros in quality.micros.tolist()],
                tests=quality.tests.tolist(),
                flags=quality.flag.tolist(),
            )
            write_gaps(
                self._connection,
                began=gaps.began.tolist(),
                began_at=[from_micros(micros) for micros in gaps.began_micros.tolist()],
                ended=gaps.ended.tolist(),
                ended_at=result.committed_at,
            )
            self.counters.findings += len(quality.number)
            self.counters.anomalies += write_anomalies(
                self._connection,
                result.anomalies,
                rules=self._rules,
                assets=self._assets,
                at=self._clock.now,
                kept=self._kept,
            )
