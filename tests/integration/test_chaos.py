"""A short run of the kills; ``python -m tests.chaos`` makes a long one."""

from pathlib import Path

import pytest

from cli.embedded.broker import find_mosquitto
from tests.chaos.run import VICTIMS, run


@pytest.mark.slow
@pytest.mark.skipif(find_mosquitto() is None, reason="Mosquitto is not installed; the fallback broker forgets sessions")
def test_ingest_broker_and_database_are_killed_and_nothing_is_lost_or_doubled(server_folder: Path) -> None:
    outcome = run(server_folder / "chaos", kills=9, seed=3)
    assert set(outcome.kills) == set(VICTIMS)
    assert (outcome.lost, outcome.doubled) == (0, 0)
    assert outcome.balanced
    assert outcome.rows == outcome.messages * 10
