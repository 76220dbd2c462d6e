"""Faults of links through a real broker: what the scenario says is what the broker sees."""

import json
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

from citywatch.broker import BrokerAddress
from citywatch.clock import SystemClock
from citywatch.model.identifiers import AssetId, ModelId, SensorId
from citywatch.model.registry import Sensor
from citywatch.registry import load_city
from citywatch.service import Stop
from citywatch.wire.stamps import read_stamps
from simulators.fleet import Fleet
from simulators.recordings.message import RecordedMessage
from simulators.recordings.reading import Recording
from simulators.recordings.recorder import Recorder
from simulators.recordings.writing import RecordingWriter
from simulators.scenario import load_scenario
from simulators.sending import Act
from simulators.wiring import obey
from simulators.world import World
from tests.support.retained import forget
from tests.support.waiting import wait_until

START = 748_000 * 2_400_000
SCENARIO = """
scenario_id: broken
about: an outage, then a storm of reconnections
period: 2400
events:
  - {event: outage, assets: [yangtze-1], start: 60, duration: 120}
  - {event: reconnect-storm, assets: [yangtze-1], start: 240, duration: 30, every: 10}
"""


def played(broker: BrokerAddress, folder: Path) -> list[RecordedMessage]:
    """Play five minutes of one tiltmeter at once; return what a subscriber got."""
    city, name = load_city("demo"), f"tilt-{uuid.uuid4().hex[:8]}"
    (folder / "broken.yaml").write_text(SCENARIO, encoding="utf-8")
    registry = replace(city, sensors=[Sensor(AssetId("yangtze-1"), SensorId(name), ModelId("tiltmeter"))])
    world = World(registry, load_scenario("broken", registry, folder), seed=1, utc_offset=28_800.0)
    (device,) = world.devices
    listening, over = Stop(), Stop()
    recorder = Recorder(
        broker,
        [device.telemetry, device.status],
        clock=SystemClock(),
        stop=over,
        lasts=timedelta(seconds=60),
        watch=lambda _recorder: listening.request(),
    )

    def record() -> None:
        with RecordingWriter(folder / "r.mcap", source="a test", licence="none", city="demo") as writer:
            recorder.run(writer)

    thread = Thread(target=record)
    thread.start()
    try:
        wait_until(listening.requested, what="the recorder to listen")
        with closing(Fleet(broker, SystemClock(), world.devices)) as fleet:
            for sending in world.sendings(START, START + 300_000):
                obey(fleet, sending)
                assert fleet.confirm(timeout=30)
        sent = sum(sending.act is Act.SEND for sending in world.sendings(START, START + 300_000))
        wait_until(lambda: recorder.topics[device.telemetry] >= sent, what="all telemetry to be recorded")
    finally:
        over.request()
        thread.join(60)
        forget(broker, [device.status])
    with Recording(folder / "r.mcap") as opened:
        return list(opened.messages())


def test_an_outage_is_a_last_will_and_a_burst_and_loses_nothing(broker: BrokerAddress, tmp_path: Path) -> None:
    messages = played(broker, tmp_path)
    telemetry = [message for message in messages if message.topic.endswith("/senml")]
    numbers = [read_stamps(message.properties)[0] for message in telemetry]
    assert numbers == list(range(30)), "a link that breaks is no restart of the device"
    presence = [json.loads(one.payload)["state"] for one in messages if one.topic.endswith("/status")]
    # born, cut off, back; three times cut off and back in the storm; good-bye
    assert presence == ["online", *["offline", "online"] * 4, "offline"]
