"""Recordings: what goes in comes out, every row of a CSV file is accounted for, broken files are named."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citywatch.clock import from_micros, to_micros
from citywatch.errors import Misconfigured
from citywatch.registry import load_city
from citywatch.storage.pipeline.ledger import LedgerTotals, Rejection
from citywatch.wire.codecs import decode
from citywatch.wire.topics import parse_topic
from cli.replay import Account
from simulators.recordings.csv_import import FileAccount, Skipped, import_files
from simulators.recordings.layout import load_layout
from simulators.recordings.message import RecordedMessage, readings_in, source_of
from simulators.recordings.reading import Recording, Span
from simulators.recordings.replay import Sent
from simulators.recordings.writing import RecordingWriter

FLOODNET = """\
,time,deployment_id,error_flag,batt_v,gw_1_id,dist_mm,f_cnt,gw_1_rssi_dbm,gw_1_snr_db,times,date
0,2023-06-05 17:03:28.182000+00:00,widely_whole_tarpon,,,floodnet-ltap-gw,,249,-110,-3.5,17:03:28.182000,2023-06-05
1,2023-06-05 17:03:38+00:00,widely_whole_tarpon,0,4.128,floodnet-ltap-gw,2737.0,250,-104,-7.25,17:03:38,2023-06-05
2,2023-06-05 17:04:44.162000+00:00,widely_whole_tarpon,0,4.126,floodnet-ltap-gw,9999,251,-105,-4.5,17:04:44,2023-06-05
"""
FLOODNET_TOPIC = "citywatch/v1/new-york/drainage/widely_whole_tarpon/ranger/senml"
ALL_M = """\
Time (-),ACC01_z [g],DMS_AS [um/m],FRC-01 [kN],INC01 [deg]
2022-11-04 08:36:24.897,4.93101433676202e-05,-478.429168701172,233.92928125,0.0080034947022795
2022-11-04 08:36:24.907,1.55697998707183e-05,-478.463500976562,233.935484375,0.0078426087275147
"""
Reading = tuple[str, str, str | None, int, float]


def import_texts(folder: Path, layout: str, **texts: str | bytes) -> tuple[Path, list[FileAccount]]:
    """Import files of the given texts; ``__`` in a name stands for a dot."""
    paths = []
    for name, text in texts.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        paths.append(path)
    recording = folder / "recording.mcap"
    with RecordingWriter(recording, source="a test", licence="MIT", city="recorded") as writer:
        accounts = import_files(paths, load_layout(layout), writer)
    return recording, accounts


def readings_of(messages: Sequence[RecordedMessage]) -> list[Reading]:
    found: list[Reading] = []
    for message in messages:
        readings = decode(message.payload, message.content_type, max_bytes=1_000_000)
        assert not readings.refusals
        columns = zip(readings.names, readings.units, readings.times, readings.values, strict=True)
        found += [(message.topic, name, unit, round(time * 1e6), value) for name, unit, time, value in columns]
    return sorted(found, key=lambda reading: reading[:4])


def read(path: Path, span: Span | None = None) -> list[RecordedMessage]:
    with Recording(path) as recording:
        return list(recording.messages(span))


def micros(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).astimezone(UTC))


messages = st.builds(
    RecordedMessage,
    topic=st.sampled_from([FLOODNET_TOPIC, "spBv1.0/a/b", "citywatch/v1/a/b/c/d/status"]),
    payload=st.binary(max_size=300),
    content_type=st.sampled_from([None, "application/senml+json", "text/plain"]),
    phenomenon_time=st.integers(0, 2**53),
    publication_time=st.integers(0, 2**53),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(messages, max_size=40), st.integers(0, 2**53), st.integers(0, 2**53))
def test_what_is_written_is_read_byte_for_byte_in_the_order_of_times(
    written: list[RecordedMessage], one: int, other: int
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.mcap"
        with RecordingWriter(path, source="s", licence="l", city="c") as writer:
            for message in written:
                writer.write(message)
        assert [file.name for file in Path(folder).iterdir()] == ["a.mcap"]
        ordered = sorted(written, key=lambda message: message.phenomenon_time)
        begin, end = sorted((one, other))
        with Recording(path) as recording:
            assert list(recording.messages()) == ordered
            parts = [Span(None, begin), Span(begin, end), Span(end, None)]
            sliced = [list(recording.messages(part)) for part in parts]
            about, span = recording.about, recording.span
        assert [message for part in sliced for message in part] == ordered
        assert sliced[1] == [message for message in ordered if begin <= message.phenomenon_time < end]
        assert (about.source, about.licence, about.city) == ("s", "l", "c")
        assert about.messages == len(written)
        assert about.readings == sum(map(readings_in, written))
        assert span == ((ordered[0].phenomenon_time, ordered[-1].phenomenon_time) if ordered else None)


def test_an_empty_cell_is_counted_and_gives_no_reading(tmp_path: Path) -> None:
    path, (account,) = import_texts(tmp_path, "floodnet", tarpon__csv=FLOODNET)
    for column in account.columns.values():
        assert (column.rows, column.readings, column.skipped) == (3, 2, {Skipped.EMPTY: 1})
    begin, later = micros("2023-06-05T17:03:38Z"), micros("2023-06-05T17:04:44.162Z")
    assert readings_of(read(path)) == [
        (FLOODNET_TOPIC, "battery_voltage", "V", begin, 4.128),
        (FLOODNET_TOPIC, "battery_voltage", "V", later, 4.126),
        (FLOODNET_TOPIC, "distance", "mm", begin, 2737.0),
        (FLOODNET_TOPIC, "distance", "mm", later, 9999.0),
    ]


def test_swapped_day_and_month_are_put_right(tmp_path: Path) -> None:
    path, (account,) = import_texts(tmp_path, "munich-bridge", UniBw_AllM100Hz__csv=ALL_M)
    assert (account.rows, account.messages, account.readings) == (2, 4, 8)
    times = {time for _, _, _, time, _ in readings_of(read(path))}
    assert times == {micros("2022-04-11T08:36:24.897+02:00"), micros("2022-04-11T08:36:24.907+02:00")}
    accelerations = [reading for reading in readings_of(read(path)) if reading[1] == "acceleration"]
    assert [(unit, value) for _, _, unit, _, value in accelerations] == [
        ("[g]", 4.93101433676202e-05),
        ("[g]", 1.55697998707183e-05),
    ]


def test_latin_1_day_first_and_a_header_that_ends_with_a_comma(tmp_path: Path) -> None:
    text = "Time (-),Air Temperature (°C),\r\n11.04.2022 08:36:25.984,1.60000002384186\r\n".encode("latin-1")
    path, (account,) = import_texts(tmp_path, "munich-bridge", temperature_a__csv__gz=gzip.compress(text))
    assert (account.rows, account.readings) == (1, 1)
    topic = "citywatch/v1/munich/bridge/unibw-bridge/air/senml"
    time = micros("2022-04-11T08:36:25.984+02:00")
    assert readings_of(read(path)) == [(topic, "air_temperature", "Cel", time, 1.60000002384186)]


cells = st.one_of(
    st.floats().map(str), st.sampled_from(["", " ", "nan", "n/a", "5000"]), st.text("0123456789.-e", max_size=6)
)
times = st.one_of(
    st.integers(-300_000_000, 1_900_000_000).map(lambda second: str(datetime.fromtimestamp(second + 0.125, UTC))),
    st.sampled_from(["", "yesterday"]),
)
rows = st.tuples(times, st.sampled_from(["a", "B-1", "", "x/y"]), cells, cells, st.integers(0, 14))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(rows, max_size=20), min_size=1, max_size=3))
def test_every_row_of_every_file_is_accounted_for(contents: list[list[tuple[str, str, str, str, int]]]) -> None:
    header = FLOODNET.partition("\n")[0]
    texts = {}
    for number, content in enumerate(contents):
        lines = [
            ",".join(["0", time, asset, "0", battery, "g", distance, "1", "-1", "1", "t", "d"][: 12 - max(0, cut - 10)])
            for time, asset, battery, distance, cut in content
        ]
        texts[f"f{number}__csv"] = "\n".join([header, *lines]) + "\n"
    with TemporaryDirectory() as folder:
        path, accounts = import_texts(Path(folder), "floodnet", **texts)
        recorded = read(path)
    assert [account.rows for account in accounts] == [len(content) for content in contents]
    for account in accounts:
        assert all(column.rows == account.rows and column.is_balanced() for column in account.columns.values())
    assert sum(account.messages for account in accounts) == len(recorded)
    assert sum(account.readings for account in accounts) == sum(map(readings_in, recorded))


def test_rows_that_give_nothing_are_counted_by_their_reason(tmp_path: Path) -> None:
    head, first, *_ = FLOODNET.splitlines()
    good = first.replace(",,,flood", ",0,4.1,flood").replace(",,249", ",1,249")
    lines = [
        head,
        good,
        good.replace("2023-06-05 17:03:28.182000+00:00", "soon"),
        good.replace("widely_whole_tarpon", "widely whole"),
        good + ",more",
        good.replace("4.1,", "inf,"),
    ]
    _, (account,) = import_texts(tmp_path, "floodnet", a__csv="\n".join(lines))
    each = {Skipped.NO_TIME: 1, Skipped.NO_SENSOR: 1, Skipped.RAGGED_ROW: 1}
    assert account.columns["dist_mm"].skipped == each
    assert account.columns["batt_v"].skipped == {**each, Skipped.NOT_A_NUMBER: 1}
    assert account.rows == 5
    assert account.readings == 2 + 1


def a_long_file(count: int) -> str:
    begin = micros("2022-03-07T16:35:15.601Z")
    times = [f"{from_micros(begin + 10_100 * number):%Y-%m-%d %H:%M:%S.%f}" for number in range(count)]
    lines = [f"{time},{-140 + number * 0.37}" for number, time in enumerate(times)]
    return "\n".join(["Time (-),DMS_CN (um\\m)", *lines])


@pytest.mark.parametrize("pack", [1, 7, 1000])
def test_the_size_of_packs_changes_no_reading(tmp_path: Path, pack: int) -> None:
    text = a_long_file(250)
    layout = tmp_path / "layout.yaml"
    layout.write_text(
        "source: s\nlicence: l\ncity: recorded\nfiles:\n"
        "  - match: '*'\n"
        '    time: {column: "Time (-)", format: "%Y-%m-%d %H:%M:%S.%f"}\n'
        f"    pack: {pack}\n"
        "    values:\n"
        '      - {column: "DMS_CN (um\\\\m)", sensor: a/b/c/d, property_id: strain, unit: um/m}\n'
    )
    path, (account,) = import_texts(tmp_path, str(layout), a__csv=text)
    assert account.messages == -(-250 // pack)
    cells = [line.split(",") for line in text.splitlines()[1:]]
    expected = [
        ("citywatch/v1/a/b/c/d/senml", "strain", "um/m", micros(f"{time}+00:00"), float(value)) for time, value in cells
    ]
    assert readings_of(read(path)) == expected
    newest = [message.phenomenon_time for message in read(path)]
    assert newest == [expected[min(last, 250) - 1][3] for last in range(pack, 250 + pack, pack)]


def test_files_are_woven_together_by_time_and_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    rows = FLOODNET.splitlines()
    one, other = "\n".join(rows[:3]), "\n".join([rows[0], rows[3]])
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first, _ = import_texts(tmp_path / "1", "floodnet", b__csv=other, a__csv=one)
    again, _ = import_texts(tmp_path / "2", "floodnet", b__csv=other, a__csv=one)
    assert first.read_bytes() == again.read_bytes()
    assert [message.phenomenon_time for message in read(first)] == sorted(m.phenomenon_time for m in read(first))


def test_a_limit_of_rows_holds_for_each_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(FLOODNET)
    with RecordingWriter(tmp_path / "r.mcap", source="s", licence="l", city="recorded") as writer:
        (account,) = import_files([path], load_layout("floodnet"), writer, rows=2)
    assert (account.rows, account.readings) == (2, 2)
    assert all(column.is_balanced() for column in account.columns.values())


def test_a_file_that_is_cut_off_damaged_or_something_else_is_named_with_the_cure(tmp_path: Path) -> None:
    whole, _ = import_texts(tmp_path, "munich-bridge", ReferenceStateDMS_CN__csv=a_long_file(3000))
    data = whole.read_bytes()
    bad = tmp_path / "bad.mcap"
    for content, sign in [
        (b"", "not a recording"),
        (b"time,value\n", "not a recording"),
        (data[:8], "cut off"),
        (data[: len(data) // 2], "cut off"),
        (data[:-1], "cut off"),
        (data[:200] + bytes(40) + data[240:], "damaged"),
        (data.replace(b"citywatch.recording", b"citywatch.something"), "without the metadata"),
    ]:
        bad.write_bytes(content)
        with pytest.raises(Misconfigured, match=f"bad.mcap.*{sign}") as raised:
            read(bad)
        assert ";" in str(raised.value), "the sentence says what to do"
    with pytest.raises(Misconfigured, match=r"missing\.mcap.*import-csv"):
        Recording(tmp_path / "missing.mcap")


def test_a_failed_import_leaves_no_recording_and_none_is_overwritten(tmp_path: Path) -> None:
    source = gzip.compress(FLOODNET.encode())
    for text, sign in [
        (source[: len(source) // 2], "cut off"),
        (b"a,b\n1,2\n", "no column"),
        (FLOODNET.replace("dist_mm", "dist").encode(), "no column 'dist_mm'"),
        (FLOODNET.replace("times", "hours").encode(), "column 'hours' the layout does not know"),
        (FLOODNET.replace("times", "time").encode(), "column 'time' twice"),
        (FLOODNET.replace("whole", "wh\xf6le").encode("latin-1"), "not utf-8"),
        (FLOODNET.encode() + b'3,"2023', "not a CSV file"),
        (b"", "no column"),
    ]:
        with pytest.raises(Misconfigured, match=rf"a\.csv.*{sign}"):
            import_texts(tmp_path, "floodnet", a__csv=text)
        assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    import_texts(tmp_path, "floodnet", a__csv=FLOODNET)
    with pytest.raises(Misconfigured, match="exists; remove it"):
        import_texts(tmp_path, "floodnet", a__csv=FLOODNET)
    with pytest.raises(Misconfigured, match=r"drawing\.svg fits no shape"):
        load_layout("floodnet").shape_of(tmp_path / "drawing.svg")


def test_faults_of_a_layout_are_named_by_line(tmp_path: Path) -> None:
    layout = tmp_path / "mine.yaml"
    layout.write_text(
        "source: s\nlicence: l\ncity: recorded\nfiles:\n  - match: '*'\n    encoding: ebcdic\n"
        "    time: {column: t, format: '%H:%M', zone: Mars}\n    values:\n"
        "      - {column: v, sensor: a/b/c, property_id: strain, unit: parsec}\n    colour: red\n"
    )
    with pytest.raises(Misconfigured) as raised:
        load_layout(str(layout))
    text = str(raised.value)
    for sign in (
        "mine.yaml:6: ",
        "mine.yaml:7: ",
        "%Y",
        "Mars",
        "mine.yaml:9: ",
        "district/system",
        "parsec",
        "colour",
    ):
        assert sign in text
    with pytest.raises(Misconfigured, match="known are floodnet, munich-bridge"):
        load_layout("flodnet")


@pytest.mark.parametrize("name", ["floodnet", "munich-bridge"])
def test_the_recorded_city_knows_every_stream_of_the_layouts(name: str) -> None:
    layout = load_layout(name)
    city = load_city(layout.city)
    models = {model.model_id: {measure.property_id for measure in model.measures} for model in city.models}
    assets = {asset.asset_id: asset for asset in city.assets}
    kinds = {kind.kind_id: kind.system_id for kind in city.kinds}
    known = set()
    for sensor in city.sensors:
        asset = assets[sensor.asset_id]
        place = f"{asset.district_id}/{kinds[asset.kind_id]}/{sensor.asset_id}/{sensor.sensor_id}"
        known |= {(place, property_id) for property_id in models[sensor.model_id]}
    streets = [asset.asset_id for asset in city.assets if asset.kind_id == "ponding-point"]
    assert len(streets) == 13
    for value in (value for shape in layout.files for value in shape.values):
        for street in streets:
            assert (value.sensor.replace("{deployment_id}", street), value.property_id) in known
    assert {asset.origin for asset in city.assets} == {"recorded", "platform"}


def test_sources_and_counts_are_those_of_the_ledger() -> None:
    def count(topic: str, payload: bytes) -> int:
        return readings_in(RecordedMessage(topic, payload, None, 0, 0))

    assert source_of(FLOODNET_TOPIC) == "new-york/drainage"
    assert source_of("elsewhere") == "?"
    assert str(parse_topic(FLOODNET_TOPIC)) == FLOODNET_TOPIC
    assert count(FLOODNET_TOPIC, json.dumps([{"n": "a", "v": 1, "t": 1}, {"n": "b", "t": 1}]).encode()) == 2
    assert count(FLOODNET_TOPIC, b"\x00") == 1
    assert count(FLOODNET_TOPIC.replace("senml", "status"), b'{"state":"online"}') == 0
    assert count("elsewhere", b"[]") == 1


def an_account(ledger: LedgerTotals, *rejections: Rejection) -> Account:
    sent = Sent(is_complete=True)
    for payload in (b'[{"n":"distance","v":1,"t":1},{"n":"distance","v":1,"t":2}]', b"?"):
        sent.add(RecordedMessage(FLOODNET_TOPIC, payload, None, 0, 0))
    return Account(sent, {"new-york/drainage": ledger}, rejections)


def test_an_account_is_good_only_when_every_reading_has_a_fate() -> None:
    bad = Rejection(FLOODNET_TOPIC, "not_decodable", whole=0, readings=1)
    assert an_account(LedgerTotals(2, 3, stored=2, rejected=1), bad).is_good()
    assert an_account(LedgerTotals(3, 5, stored=2, duplicate=2, rejected=1), bad).is_good(), "delivered again"
    assert an_account(LedgerTotals(2, 2, rejected=2), replace(bad, whole=2, readings=2)).is_good(), "refused unread"
    for ledger in (
        LedgerTotals(),
        LedgerTotals(1, 2, stored=2),
        LedgerTotals(2, 2, stored=1, rejected=1),
        LedgerTotals(2, 3, stored=1, rejected=1),
        LedgerTotals(2, 3, stored=1, rejected=2),
    ):
        assert not an_account(ledger, bad).is_good(), ledger
    stopped = an_account(LedgerTotals(2, 3, stored=2, rejected=1), bad)
    stopped.sent.is_complete = False
    assert not stopped.is_good()
