"""The limit detector: a value beyond a fixed limit."""

from analytics.detectors.scored import ScoredRule, SeverityChange, worse
from analytics.streams import Block, Streams
from citywatch.model.quality import Flag
from citywatch.model.rules import Rule


class LimitDetector:
    """Judges values against the tiers of a limit rule.

    Values of quality fail say nothing. Suspect ones count: a real event is steep, and a missed gas alarm is worse
    than a false one; the on delay catches single wild values.
    """

    def __init__(self, rule: Rule, streams: Streams) -> None:
        self.scored = ScoredRule(rule, streams)

    def update(self, block: Block) -> list[SeverityChange]:
        """Return the changes of severity that a block brings."""
        chosen = block.where(self.scored.applies[block.place] & (block.flag != Flag.FAIL))
        return self.scored.update(chosen, worse(self.scored.rule.direction, chosen.value)).changes
