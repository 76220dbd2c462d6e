"""Runs in real databases."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from citywatch.storage.connection import connect
from cli.compare.difference import Change, difference_of
from cli.compare.run import export_run, open_run

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def fill(database: str) -> None:
    """Store two readings of every strain gauge of a bridge, and an alarm."""
    with connect(database, process="test") as connection:
        connection.execute("SELECT prepare_observation(ARRAY[%s::timestamptz])", (BEGIN,))
        for number in range(2):
            connection.execute(
                "INSERT INTO observation (phenomenon_time, received_time, result, datastream_id, quality)"
                " SELECT %s, now(), datastream_id, datastream_id, 1 FROM datastream"
                " WHERE asset_id = 'yangtze-1' AND property_id = 'strain'",
                (BEGIN + timedelta(seconds=10 * number),),
            )
        connection.execute(
            "INSERT INTO alarm (asset_id, rule_id, datastream_id, state, severity, peak_severity, measured_at,"
            " received_at, detected_at, message_en, message_zh, evidence)"
            " SELECT 'yangtze-1', 'strain-residual', min(datastream_id), 'unacknowledged', 1, 2,"
            " %(at)s, %(at)s, %(at)s, 'x', 'x', '{}' FROM datastream"
            " WHERE asset_id = 'yangtze-1' AND property_id = 'strain'",
            {"at": BEGIN + timedelta(seconds=10)},
        )


def test_a_database_is_the_same_as_its_export_until_it_changes(database: str, tmp_path: Path) -> None:
    fill(database)
    with open_run(database, None, None) as run:
        counts = export_run(run, tmp_path / "run")
    assert counts[1] == 1
    assert counts[0] >= 4

    def differences() -> list[Change]:
        with open_run(str(tmp_path / "run"), None, None) as kept, open_run(database, None, None) as now:
            found = difference_of(kept, now, tolerance=0, punctual=0, window=0)
        assert found.observations == (counts[0], counts[0])
        return [*found.observation_changes(), *found.alarm_changes()]

    assert differences() == []
    with connect(database, process="test") as connection:
        connection.execute("UPDATE alarm SET peak_severity = 4")
        connection.execute("UPDATE observation SET quality = 3")
    assert differences() == [Change.QUALITY, Change.SEVERITY]
    with open_run(database, BEGIN + timedelta(seconds=5), None) as late:
        assert len(list(late.observations)) == counts[0] // 2
