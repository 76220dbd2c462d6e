"""A database of the release before order per alarm keeps what waits for its endpoints."""

from citywatch.storage.connection import connect
from citywatch.storage.migrate import migrate, migrations
from tests.support.servers import DatabaseServer

FIRST_NEW = "incremental/0018"


def test_deliveries_of_the_release_before_are_sent_in_order(any_server: DatabaseServer) -> None:
    database = any_server.empty()
    with connect(database, process="test") as connection:
        if any_server.engine == "timescaledb":
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        connection.execute("CREATE SCHEMA citywatch")
        connection.execute(
            "CREATE TABLE citywatch.migration"
            " (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        for one in migrations(any_server.engine):
            if not one.repeatable and one.name < FIRST_NEW:
                connection.execute(one.text.encode())
                connection.execute("INSERT INTO migration VALUES (%s, %s)", (one.name, one.sha256))
        connection.execute("SET session_replication_role = replica")  # events of alarms that are not there
        connection.execute(b"INSERT INTO endpoint (url, secret) VALUES ('https://receiver.example', 'whsec_AAAA')")
        for alarm, state in ((7, "delivered"), (7, "pending"), (7, "pending"), (8, "failed")):
            connection.execute(
                "WITH event AS (INSERT INTO outbox (event_id, type, data)"
                " VALUES (1, 'citywatch.alarm.raised', jsonb_build_object('alarm_id', %s::int)) RETURNING outbox_id)"
                " INSERT INTO delivery (endpoint_id, outbox_id, state) SELECT 1, outbox_id, %s FROM event",
                (alarm, state),
            )
    migrate(database)
    with connect(database, process="test") as connection:
        found = connection.execute("SELECT outbox_id, lane, state FROM delivery ORDER BY outbox_id").fetchall()
        assert found == [(1, 7, "delivered"), (2, 7, "queued"), (3, 7, "queued"), (4, 8, "failed")]
        assert connection.execute("SELECT delivered FROM endpoint").fetchone() == (1,)
    any_server.drop(database)
