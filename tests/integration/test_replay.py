"""Recorded data through a real broker and a real ingest: every row is stored or its absence explained, once."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from citywatch.broker import BrokerAddress
from citywatch.clock import SystemClock, to_micros
from citywatch.service import Stop
from citywatch.storage.connection import connect
from citywatch.storage.pipeline.ledger import LedgerTotals, last_batch, read_rejections, read_totals
from citywatch.wire.codecs import decode
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.topics import parse_topic
from simulators.recordings.csv_import import FileAccount, Skipped, import_files
from simulators.recordings.layout import load_layout
from simulators.recordings.message import RecordedMessage
from simulators.recordings.pace import Pace
from simulators.recordings.reading import Recording, Span
from simulators.recordings.replay import Replay, Sent
from simulators.recordings.writing import RecordingWriter
from tests.support.processes import running, start
from tests.support.servers import REPOSITORY, DatabaseServer
from tests.support.waiting import wait_until

DATA = REPOSITORY.parent / "shared" / "data"
HEADER = ",time,deployment_id,error_flag,batt_v,gw_1_id,dist_mm,f_cnt,gw_1_rssi_dbm,gw_1_snr_db,times,date"
START = datetime(2023, 6, 1, 23, 30, tzinfo=UTC)  # the rows cross midnight, and a week
RANGER = "citywatch/v1/new-york/drainage/{}/ranger/senml"
Row = tuple[str, str, str, int, float]
Environment = Callable[[str, BrokerAddress], Mapping[str, str]]


@pytest.fixture
def recorded_database(any_server: DatabaseServer) -> Iterator[str]:
    """A migrated database with the city of recorded data, on each engine in turn."""
    address = any_server.fresh("recorded")
    yield address
    any_server.drop(address)


@pytest.fixture
def environment() -> Environment:
    """Settings of an ingester of its own, with small windows so that a kill meets it at work."""
    instance = f"replay-{uuid.uuid4().hex[:12]}"

    def settings(database: str, broker: BrokerAddress) -> Mapping[str, str]:
        return {
            "CITYWATCH_DATABASE_URL": database,
            "CITYWATCH_BROKER_URL": str(broker),
            "CITYWATCH_INGEST_INSTANCE": instance,
            "CITYWATCH_INGEST_BEAT": "0.5",
            "CITYWATCH_INGEST_WINDOW": "200",
            "CITYWATCH_INGEST_BATCH_MESSAGES": "50",
        }

    return settings


def a_csv(folder: Path, rows: int, *, empty_every: int = 50) -> Path:
    """Write rows of two FloodNet sensors in turn, five minutes apart; now and then a distance is empty."""
    lines = [HEADER]
    for number in range(rows):
        asset = ("barely_hot_aphid", "jolly-novel-boa")[number % 2]
        distance = "" if number % empty_every == 3 else 2000 + number % 700
        time = START + timedelta(minutes=5) * number + timedelta(milliseconds=number % 1000)
        lines.append(f"{number},{time},{asset},0,{4 + number / 1e6:.6f},gw,{distance},{number},-99,4.25,t,d")
    path = folder / "floodnet.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def record(paths: list[Path], layout: str, into: Path) -> list[FileAccount]:
    plan = load_layout(layout)
    with RecordingWriter(into, source=plan.source, licence=plan.licence, city=plan.city) as writer:
        return import_files(paths, plan, writer)


def rows_of(recording: Path) -> list[Row]:
    """Return the rows that a recording must become, by a way of its own."""
    rows = []
    with Recording(recording) as opened:
        for message in opened.messages():
            topic = parse_topic(message.topic)
            readings = decode(message.payload, message.content_type, max_bytes=1_000_000)
            for name, time, value in zip(readings.names, readings.times, readings.values, strict=True):
                rows.append((topic.asset_id, topic.sensor_id, name, round(time * 1e6), value))
    return sorted(rows)


def stored_rows(database: str) -> list[Row]:
    with connect(database, process="test") as connection:
        found = connection.execute(
            "SELECT asset_id, sensor_id, property_id, phenomenon_time, result"
            " FROM observation JOIN datastream USING (datastream_id)"
        ).fetchall()
    return sorted((asset, sensor, name, to_micros(time), value) for asset, sensor, name, time, value in found)


def total(database: str) -> LedgerTotals:
    with connect(database, process="test") as connection:
        sums = read_totals(connection).values()
    return LedgerTotals(*(sum(getattr(part, name) for part in sums) for name in LedgerTotals.__dataclass_fields__))


def wait_for_ingest(database: str, child: "subprocess.Popen[bytes]", log: Path) -> None:
    def lives() -> bool:
        assert child.poll() is None, log.read_text()
        with connect(database, process="test") as connection:
            return last_batch(connection)[0] > 0

    wait_until(lives, what="the first batch of ingest")


def play(recording: Path, broker: BrokerAddress, *, speed: float | None = None, span: Span | None = None) -> Sent:
    with Recording(recording) as opened:
        return Replay(broker, pace=Pace(SystemClock(), speed), stop=Stop()).run(opened.messages(span))


def wait_until_accounted(database: str, messages: int) -> None:
    wait_until(lambda: total(database).messages >= messages, what=f"{messages} messages in the ledger", timeout=90)


def test_rows_of_a_csv_file_are_stored_once_and_a_second_replay_gives_duplicates(
    recorded_database: str, any_broker: BrokerAddress, environment: Environment, tmp_path: Path
) -> None:
    recording, log, count = tmp_path / "r.mcap", tmp_path / "ingest.log", 400
    (account,) = record([a_csv(tmp_path, count)], "floodnet", recording)
    assert account.columns["dist_mm"].skipped == {Skipped.EMPTY: count // 50}
    with running("ingest", environment(recorded_database, any_broker), log) as child:
        wait_for_ingest(recorded_database, child, log)
        sent = play(recording, any_broker)
        assert (sent.messages, sent.readings, sent.is_complete) == (count, 2 * count - count // 50, True)
        wait_until_accounted(recorded_database, count)
        assert total(recorded_database) == LedgerTotals(count, sent.readings, stored=sent.readings)
        assert stored_rows(recorded_database) == rows_of(recording)
        play(recording, any_broker)
        wait_until_accounted(recorded_database, 2 * count)
        both = LedgerTotals(2 * count, 2 * sent.readings, stored=sent.readings, duplicate=sent.readings)
        assert total(recorded_database) == both
    assert stored_rows(recorded_database) == rows_of(recording)


def test_kill_9_of_ingest_during_a_replay_loses_and_doubles_no_row(
    recorded_database: str, any_broker: BrokerAddress, environment: Environment, tmp_path: Path
) -> None:
    recording, log, count = tmp_path / "r.mcap", tmp_path / "ingest.log", 4000
    record([a_csv(tmp_path, count)], "floodnet", recording)
    settings = environment(recorded_database, any_broker)
    child = start("ingest", settings, log)
    kills = [0]

    def kill_and_restart(messages: int) -> bool:
        """Kill ingest while it works on the last thousand, and go on sending before the next one lives."""
        nonlocal child
        if messages and messages % 1000 == 0:
            begun = messages - 1000
            wait_until(lambda: total(recorded_database).messages > begun, what="ingest to be at work")
            child.send_signal(signal.SIGKILL)
            child.wait()
            kills[0] += total(recorded_database).messages < messages
            child = start("ingest", settings, log)
        return True

    try:
        wait_for_ingest(recorded_database, child, log)
        with Recording(recording) as opened:
            replay = Replay(any_broker, pace=Pace(SystemClock()), stop=Stop(), may_go_on=kill_and_restart)
            sent = replay.run(opened.messages())
        wait_until(lambda: total(recorded_database).stored >= sent.readings, what="all rows to be stored", timeout=90)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.wait()
    assert kills[0], "ingest was killed with work left"
    assert stored_rows(recorded_database) == rows_of(recording)
    account = total(recorded_database)
    assert account.stored == sent.readings
    assert (account.conflict, account.rejected) == (0, 0)
    assert account.is_balanced()


def hostile_recording(path: Path) -> None:
    """Write one message of every fate: stored, duplicate, conflict, and rejected for four reasons."""
    topic, time = RANGER.format("barely_hot_aphid"), START.timestamp()

    def pack(*values: tuple[float, float | None]) -> bytes:
        return encode_senml([SenmlRecord(n="distance", u="mm", t=time + at, v=value) for at, value in values])

    contents = [
        (topic, pack((0, 1.0), (1, 2.0), (2, 3.0))),
        (topic, pack((0, 1.0))),
        (topic, pack((1, 2.5))),
        (topic, pack((3, 4.0), (4, None))),
        (topic, b"\x00garbage"),
        (RANGER.format("nobody"), pack((0, 1.0), (1, 2.0))),
        (topic, pack((-20 * 365 * 86_400, 1.0))),
        ("citywatch/v1/lost", b"1"),
    ]
    with RecordingWriter(path, source="a test", licence="none", city="recorded") as writer:
        for number, (name, payload) in enumerate(contents):
            at = to_micros(START) + number
            writer.write(RecordedMessage(name, payload, CONTENT_TYPE, at, at))


def citywatch(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYWATCH_")}
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, env=clean, capture_output=True, text=True, check=False, timeout=150)


def test_the_isolated_replay_accounts_for_every_fate_and_a_kept_folder_goes_on(
    tmp_path: Path, server_folder: Path
) -> None:
    recording, keep = tmp_path / "hostile.mcap", server_folder / f"kept-{uuid.uuid4().hex[:8]}"
    hostile_recording(recording)
    first = citywatch("replay", recording, "--isolated", "--keep", keep, "--json")
    assert first.returncode == 0, first.stderr
    account = json.loads(first.stdout)
    assert account["balanced"] is True
    assert account["sources"]["?"]["ingested"]["rejected"] == {"unknown_topic": 1}
    street = account["sources"]["new-york/drainage"]
    assert street["sent"] == {"messages": 7, "readings": 11}
    assert street["ingested"] == {
        "messages": 7, "received": 10, "stored": 4, "duplicate": 1, "conflict": 1,
        "rejected": {"no_value": 1, "not_decodable": 1, "time_too_old": 1, "unknown_datastream": 1},
    }  # fmt: skip
    again = json.loads(citywatch("replay", recording, "--isolated", "--keep", keep, "--json").stdout)
    assert again["sources"]["new-york/drainage"]["ingested"] == {
        "messages": 7, "received": 10, "stored": 0, "duplicate": 5, "conflict": 1,
        "rejected": {"no_value": 1, "not_decodable": 1, "time_too_old": 1, "unknown_datastream": 1},
    }  # fmt: skip


def test_the_pace_is_that_of_the_recording_times_the_speed(
    plain_database: str, broker: BrokerAddress, tmp_path: Path
) -> None:
    recording = tmp_path / "r.mcap"
    record([a_csv(tmp_path, 13)], "floodnet", recording)  # an hour
    begun = monotonic()
    sent = play(recording, broker, speed=7200)
    assert sent.messages == 13
    assert 0.5 <= monotonic() - begun < 5
    begin, middle = to_micros(START), to_micros(START + timedelta(minutes=30))
    assert play(recording, broker, span=Span(begin, middle)).messages == 6
    assert play(recording, broker, span=Span(middle, None)).messages == 7


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded data at {DATA}")
def test_real_recorded_files_are_stored_to_the_last_row(
    recorded_database: str, broker: BrokerAddress, environment: Environment, tmp_path: Path
) -> None:
    log = tmp_path / "ingest.log"
    street, bridge = tmp_path / "street.mcap", tmp_path / "bridge.mcap"
    (tarpon,) = record([DATA / "floodnet" / "widely_whole_tarpon.csv.gz"], "floodnet", street)
    assert (tarpon.rows, tarpon.messages, tarpon.skipped) == (2792, 1648, {Skipped.EMPTY: 2 * 1144})
    files = sorted((DATA / "munich_bridge").glob("*DMS_CN*")) + sorted(
        (DATA / "munich_bridge").glob("*ref_load_01.csv*")
    )
    strain, air = record(files, "munich-bridge", bridge)
    assert (strain.rows, strain.readings, air.rows, air.readings) == (60_000, 60_000, 719, 719)
    with running("ingest", environment(recorded_database, broker), log) as child:
        wait_for_ingest(recorded_database, child, log)
        messages = play(street, broker).messages + play(bridge, broker).messages
        wait_until_accounted(recorded_database, messages)
        with connect(recorded_database, process="test") as connection:
            assert not read_rejections(connection, after=0)
    assert total(recorded_database).stored == 2 * 1648 + 60_000 + 719
    assert stored_rows(recorded_database) == sorted(rows_of(street) + rows_of(bridge))
