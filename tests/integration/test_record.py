"""Recording from a real broker and a real database; a replay of the result is the recording again."""

import json
import os
import subprocess
import sys
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import numpy as np

from citywatch.broker import BrokerAddress, Network, Publisher
from citywatch.clock import SystemClock, to_micros
from citywatch.model.identifiers import DatastreamId
from citywatch.model.waveforms import Waveform
from citywatch.service import Stop
from citywatch.storage.connection import connect
from citywatch.storage.pipeline.waveforms import copy_waveforms
from citywatch.wire.codecs import decode, decode_block
from citywatch.wire.senml import CONTENT_TYPE, SenmlRecord, encode_senml
from citywatch.wire.stamps import stamps
from simulators.recordings.message import RecordedMessage
from simulators.recordings.pace import Pace
from simulators.recordings.program import Program
from simulators.recordings.reading import Recording
from simulators.recordings.recorder import Recorder
from simulators.recordings.replay import Replay
from simulators.recordings.writing import RecordingWriter
from tests.support.servers import REPOSITORY
from tests.support.waiting import wait_until
from tests.support.waveforms import register_accelerometer, sine_block

Exact = tuple[str, bytes, str | None, tuple[tuple[str, str], ...]]


def exact(path: Path) -> list[Exact]:
    with Recording(path) as opened:
        return [(one.topic, one.payload, one.content_type, one.properties) for one in opened.messages()]


def some_messages(root: str) -> list[RecordedMessage]:
    """Return telemetry with and without stamps and content types, and bytes that mean nothing."""
    made = []
    for number in range(300):
        time = 1_770_000_000 + number
        payload = encode_senml([SenmlRecord(n="strain", u="um/m", t=float(time), v=float(number))])
        kinds: list[tuple[bytes, str | None, tuple[tuple[str, str], ...]]] = [
            (payload, CONTENT_TYPE, stamps(number, time * 1_000_000)),
            (payload, None, ()),
            (bytes([number % 256, 0, 255]), "application/x-odd", (("note", "ünïcode"), ("note", "twice"))),
        ]
        content, content_type, properties = kinds[number % 3]
        topic = f"{root}/sensor-{number % 7}/senml"
        made.append(RecordedMessage(topic, content, content_type, time * 1_000_000, time * 1_000_000, properties))
    return made


def record_while(broker: BrokerAddress, root: str, path: Path, count: int, act) -> Recorder:  # type: ignore[no-untyped-def]
    """Record ``count`` messages below a topic into a file while ``act`` runs."""
    subscribed = Stop()
    recorder = Recorder(
        broker,
        [f"{root}/#"],
        clock=SystemClock(),
        stop=Stop(),
        lasts=timedelta(seconds=60),
        limit=count,
        watch=lambda _recorder: subscribed.request(),
    )

    def run() -> None:
        with RecordingWriter(path, source="a test", licence="none", city="demo") as writer:
            recorder.run(writer)

    thread = Thread(target=run)
    thread.start()
    wait_until(subscribed.requested, what="the recorder to listen")
    act()
    thread.join(90)
    assert not thread.is_alive()
    return recorder


def test_the_recording_of_a_replay_is_the_recording(any_broker: BrokerAddress, tmp_path: Path) -> None:
    root = f"recorded-{uuid.uuid4().hex[:8]}"
    original, again = tmp_path / "original.mcap", tmp_path / "again.mcap"
    with RecordingWriter(original, source="a test", licence="none", city="demo") as writer:
        for message in some_messages(root):
            writer.write(message)

    def play() -> None:
        with Recording(original) as opened:
            sent = Replay(any_broker, pace=Pace(SystemClock()), stop=Stop()).run(Program().messages(opened))
        assert sent.is_complete

    recorder = record_while(any_broker, root, again, 300, play)
    assert recorder.topics.total() == 300
    assert exact(again) == exact(original)
    with Recording(again) as opened:
        times = [message.log_time for message in opened.messages()]
    assert times == sorted(times)


def test_retained_messages_from_before_are_not_recorded(broker: BrokerAddress, tmp_path: Path) -> None:
    root = f"retained-{uuid.uuid4().hex[:8]}"
    with closing(Network()) as network:
        publisher = Publisher(network, broker, client_id=f"test-{uuid.uuid4().hex[:8]}")
        publisher.open()
        publisher.publish(f"{root}/status", b"old", retain=True)
        publisher.flush()

        def publish_now() -> None:
            publisher.publish(f"{root}/status", b"new", retain=True)
            publisher.flush()

        record_while(broker, root, tmp_path / "r.mcap", 1, publish_now)
        publisher.publish(f"{root}/status", b"", retain=True)
        publisher.flush()
        publisher.close()
    assert [payload for _, payload, _, _ in exact(tmp_path / "r.mcap")] == [b"new"]


def citywatch(*arguments: str | Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYWATCH_")} | settings
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, env=clean, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=150)


BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def fill(database: str) -> str:
    """Store two messages of two properties each, received the wrong way round, and a waveform block.

    Return the strain gauge that sent the messages.
    """
    accelerometer = register_accelerometer(database)
    with connect(database, process="test") as connection:
        row = connection.execute(
            "SELECT min(sensor_id) FROM datastream WHERE asset_id = 'yangtze-1' AND property_id = 'strain'"
        ).fetchone()
        assert row is not None
        connection.execute("SELECT prepare_observation(ARRAY[%s::timestamptz])", (BEGIN,))
        for number, late in ((0, 60), (1, 2)):
            at = BEGIN + timedelta(seconds=10 * number)
            connection.execute(
                "INSERT INTO observation (phenomenon_time, received_time, result, datastream_id, quality)"
                " SELECT %s, %s, 100.25 + %s, datastream_id, 1 FROM datastream"
                " WHERE asset_id = 'yangtze-1' AND sensor_id = %s",
                (at, at + timedelta(seconds=late), number, row[0]),
            )
        start = to_micros(BEGIN) + 5_000_000
        values = sine_block(start / 1e6).values
        copy_waveforms(connection, [Waveform(DatastreamId(accelerometer), start, start + 25_000_000, 100.0, values)])
    return str(row[0])


def test_the_database_becomes_a_recording_in_the_order_of_receiving(database: str, tmp_path: Path) -> None:
    gauge = fill(database)
    path = tmp_path / "history.mcap"
    span = ("--from", BEGIN.isoformat(), "--to", (BEGIN + timedelta(hours=1)).isoformat())
    done = citywatch("record", path, "--history", *span, "--json", CITYWATCH_DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"] == 3
    with Recording(path) as opened:
        messages = list(opened.messages())
    assert [message.topic.split("/")[5:] for message in messages] == [
        [gauge, "senml"], ["accel-9", "wave"], [gauge, "senml"],
    ]  # fmt: skip
    early, late = (decode(messages[place].payload, CONTENT_TYPE, max_bytes=10_000) for place in (2, 0))
    assert set(early.names) == {"strain", "structure_temperature"}
    assert (set(early.values), set(early.times)) == ({100.25}, {BEGIN.timestamp()})
    assert (set(late.values), set(late.times)) == ({101.25}, {BEGIN.timestamp() + 10})
    block = decode_block(messages[1].payload, messages[1].content_type, max_bytes=10_000)
    expected = sine_block(BEGIN.timestamp() + 5)
    assert (block.start_time, block.sampling_rate, block.unit) == (BEGIN.timestamp() + 5, 100.0, "m/s2")
    assert np.array_equal(block.values, expected.values)
    nothing = citywatch("record", tmp_path / "x.mcap", "--history", CITYWATCH_DATABASE_URL=database)
    assert nothing.returncode == 2
    assert "--history needs --from and --to" in nothing.stderr
