"""The platform's own troubles are alarms: raised with evidence, sent out, returned when they are over."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from analytics.platform import PlatformWatch
from citywatch.model.observations import Account, Batch
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.health import write_beat
from citywatch.storage.pipeline.registry import read_asset_names, read_rules
from tests.support.api import api_client
from tests.support.letters import NOTHING

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class SetClock:
    """A clock that stands where a test puts it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> SetClock:
    return SetClock(BEGIN)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database, process="test") as opened:
        yield opened


@pytest.fixture
async def client(database: str, clock: SetClock) -> AsyncIterator[httpx.AsyncClient]:
    async with api_client(database, clock) as opened:
        yield opened


@pytest.fixture
def watch(connection: Connection, clock: SetClock) -> PlatformWatch:
    """A watch on a city whose ledger holds two balanced minutes."""
    for minutes in (0, 1):
        account = Account(BEGIN + timedelta(minutes=minutes), "hanyang/bridge", 1, 10, 10)
        BatchWriter(connection, ingester="test").write(Batch(NOTHING, NOTHING.datastream_id, [account], [], []))
    return PlatformWatch(connection, rules=read_rules(connection), assets=read_asset_names(connection), clock=clock)


def break_ledger(connection: Connection, by: int, *, minutes: int = 0) -> None:
    connection.execute(
        "UPDATE ledger SET received = received + %s WHERE minute = %s", (by, BEGIN + timedelta(minutes=minutes))
    )


def outbox(connection: Connection) -> list[tuple[str, Any]]:
    return [(kind, data) for kind, data in connection.execute("SELECT type, data FROM outbox ORDER BY outbox_id")]


async def test_a_ledger_that_does_not_balance_is_an_alarm_until_it_does(
    connection: Connection, client: httpx.AsyncClient, watch: PlatformWatch
) -> None:
    connection.execute(
        "INSERT INTO endpoint (url, secret, min_severity) VALUES ('https://example.org', 'whsec_eA==', 3)"
    )
    assert watch.look() is None
    assert outbox(connection) == []

    break_ledger(connection, 3)
    break_ledger(connection, -2, minutes=1)
    imbalance = watch.look()
    assert imbalance is not None
    assert (imbalance.readings, imbalance.minutes) == (5, 2)
    (alarm,) = (await client.get("/alarms", params={"system": "platform"})).json()["items"]
    assert (alarm["rule_id"], alarm["state"], alarm["severity"]) == ("ledger-balance", "unacknowledged", 3)
    assert alarm["datastream_id"] is None
    assert "5 readings" in alarm["message_en"]
    assert "5 条" in alarm["message_zh"]
    evidence = alarm["evidence"]
    assert datetime.fromisoformat(str(evidence["minute"])) == BEGIN
    assert (evidence["source"], evidence["received"], evidence["rejected"]) == ("hanyang/bridge", 13, 10)
    assert evidence["unbalanced_minutes"] == 2
    ((kind, event),) = outbox(connection)
    assert kind == "citywatch.alarm.raised"
    assert (event["asset"]["system"], event["evidence"]["source"]) == ("platform", "hanyang/bridge")
    assert connection.execute("SELECT count(*) FROM delivery").fetchone() == (1,)
    watch.look()
    assert len(outbox(connection)) == 1

    answer = await client.post(f"/alarms/{alarm['alarm_id']}/acknowledge", json={"actor": "operator"})
    assert answer.status_code == 200
    break_ledger(connection, -3)
    assert watch.look() is not None
    break_ledger(connection, 2, minutes=1)
    assert watch.look() is None
    assert [kind for kind, _ in outbox(connection)][-1] == "citywatch.alarm.closed"
    assert connection.execute("SELECT state FROM alarm").fetchall() == [("normal",)]


def test_time_alone_does_not_end_an_imbalance(connection: Connection, watch: PlatformWatch, clock: SetClock) -> None:
    break_ledger(connection, 1)
    watch.look()
    clock.at = BEGIN + 3 * DAY
    assert watch.look() is not None
    assert connection.execute("SELECT state FROM alarm").fetchall() == [("unacknowledged",)]
    break_ledger(connection, -1)
    assert watch.look() is None
    assert connection.execute("SELECT state FROM alarm").fetchall() == [("returned-unacknowledged",)]


def test_a_process_that_fell_silent_is_an_alarm_and_one_that_was_stopped_is_none(
    connection: Connection, watch: PlatformWatch, clock: SetClock
) -> None:
    def beat(process: str, at: datetime, state: str = "ok") -> None:
        write_beat(
            connection, process=process, instance=f"{process}-1", started_at=BEGIN, at=at, state=state, details={}
        )

    beat("ingest", BEGIN - DAY)
    beat("upkeep", BEGIN - DAY, state="stopped")
    watch.look()
    assert outbox(connection) == []  # a machine that starts again: ingest has had no time yet

    clock.at = BEGIN + timedelta(seconds=60)
    watch.look()
    ((kind, event),) = outbox(connection)
    assert (kind, event["rule"]) == ("citywatch.alarm.raised", "process-silent")
    assert (event["evidence"]["process"], event["evidence"]["value"]) == ("ingest", 86_460)
    beat("ingest", clock.at)
    watch.look()
    assert [kind for kind, _ in outbox(connection)] == ["citywatch.alarm.raised", "citywatch.alarm.returned"]


def test_a_city_that_was_seeded_before_has_no_such_alarm(connection: Connection, clock: SetClock) -> None:
    connection.execute("DELETE FROM asset_version WHERE kind_id = 'platform'")
    connection.execute("DELETE FROM asset WHERE kind_id = 'platform'")
    connection.execute("INSERT INTO ledger VALUES (%s, '?', 1, 1, 0, 0, 0, 0)", (BEGIN,))
    watch = PlatformWatch(connection, rules=read_rules(connection), assets=read_asset_names(connection), clock=clock)
    assert watch.look() is not None
    assert outbox(connection) == []
