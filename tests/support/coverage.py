"""Coverage by day computed slowly and obviously, a year of a made-up city, and its way into a database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from psycopg.types.json import Jsonb

from analytics.coverage_history import days_of
from analytics.indicators.coverage_days import Days
from citywatch.clock import to_micros
from citywatch.model.coverage import DayCoverage, Gap, Roster
from citywatch.model.identifiers import AssetId, DistrictId, KindId, PropertyId
from citywatch.model.registry import CoverageRule
from citywatch.model.rules import Mark
from citywatch.storage.connection import Connection

ZONE: Final = ZoneInfo("Asia/Shanghai")
RULE: Final = CoverageRule(
    (PropertyId("strain"), PropertyId("tilt")), 3600.0, 0.9, "made up for tests", Mark.DERIVED, calibration_days=365.0
)
DISTRICTS: Final = {"hanyang": "central", "jiangan": "central", "huangpi": "outer"}


@dataclass(frozen=True)
class Stay:
    """Where an asset was, from when until before when; None: ever."""

    district_id: str
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Device:
    """A sensor of one property: when it was on the asset, its calibrations, its good observations by day."""

    sensor_id: str
    property_id: str
    interval: float = 3600.0
    installed: datetime | None = None
    removed: datetime | None = None
    calibrations: tuple[tuple[datetime, datetime | None], ...] = ()
    good: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """An asset with all its past."""

    asset_id: str
    stays: tuple[Stay, ...]
    devices: tuple[Device, ...]


def midnight(day: date) -> datetime:
    """Return the instant at which a day of the city begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def expected_verdict(site: Site, rule: CoverageRule, day: date) -> tuple[str, Gap, float, str] | None:
    """Return district, gap, share and deciding property of an asset on a day; None when it does not count."""
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    for stay in site.stays:
        if (stay.begin is None or stay.begin <= begin) and (stay.end is None or begin < stay.end):
            break
    else:
        return None
    order = [Gap.NOT_INSTALLED, Gap.NOT_REPORTING, Gap.NOT_PASSING, Gap.NOT_CALIBRATED, Gap.NONE]
    found = []
    for property_id in rule.required:
        gaps, shares = [Gap.NOT_INSTALLED], [0.0]
        for device in site.devices:
            if device.property_id == property_id and _is_there(device, begin, end):
                share = min(device.good.get(day, 0) / max((end - begin).total_seconds() / device.interval, 1), 1.0)
                shares.append(share)
                gaps.append(_gap(device, rule, share, end))
        found.append((max(gaps, key=order.index), max(shares), property_id))
    gap, share, property_id = min(found, key=lambda one: (order.index(one[0]), one[1]))
    return stay.district_id, gap, share, property_id


def _is_there(device: Device, begin: datetime, end: datetime) -> bool:
    arrived = device.installed is None or device.installed < end
    return arrived and (device.removed is None or device.removed > begin)


def _gap(device: Device, rule: CoverageRule, share: float, end: datetime) -> Gap:
    if share == 0:
        return Gap.NOT_REPORTING
    if share < rule.min_share:
        return Gap.NOT_PASSING
    made = [one for one in device.calibrations if one[0] < end]
    for at, until in made:
        expired = until is not None and until < end
        if rule.calibration_days is not None:
            expired = expired or at + timedelta(days=rule.calibration_days) < end
        if not expired:
            return Gap.NONE
    return Gap.NOT_CALIBRATED if made or rule.calibration_days is not None else Gap.NONE


def expected_days(sites: Iterable[Site], rule: CoverageRule, dates: Iterable[date]) -> list[DayCoverage]:
    """Return the coverage that days must have, by day and district."""
    sites, found = list(sites), []
    for day in dates:
        verdicts = {site.asset_id: expected_verdict(site, rule, day) for site in sites}
        for district in sorted({one[0] for one in verdicts.values() if one is not None}):
            here = sorted((asset, one) for asset, one in verdicts.items() if one is not None and one[0] == district)
            gaps = [one[1] for _, one in here]
            found.append(
                DayCoverage(
                    day=day,
                    kind_id=KindId("bridge"),
                    district_id=DistrictId(district),
                    asset_id=[AssetId(asset) for asset, _ in here],
                    gap=gaps,
                    share=[one[2] for _, one in here],
                    property_id=[PropertyId(one[3]) for _, one in here],
                    required=len(gaps),
                    installed=sum(gap is not Gap.NOT_INSTALLED for gap in gaps),
                    reporting=sum(gap not in {Gap.NOT_INSTALLED, Gap.NOT_REPORTING} for gap in gaps),
                    passing=sum(gap in {Gap.NOT_CALIBRATED, Gap.NONE} for gap in gaps),
                    monitored=sum(gap is Gap.NONE for gap in gaps),
                )
            )
    return found


def rounded(coverage: Iterable[DayCoverage]) -> list[DayCoverage]:
    """Return coverage with shares that can be compared: stored as float32, read as text."""
    return [replace(one, share=[round(float(share), 4) for share in one.share]) for one in coverage]


def roster_of(
    sites: Sequence[Site], rule: CoverageRule, dates: Sequence[date]
) -> tuple[Roster, Days, "np.ndarray[tuple[int, int], np.dtype[np.int32]]"]:
    """Return sites as the columns that are judged, and the good observations (m, d)."""
    days, ever = days_of(dates, str(ZONE)), np.iinfo(np.int64)
    stays = [(site, stay) for site in sites for stay in site.stays]
    streams = sorted(
        ((row * len(rule.required) + rule.required.index(PropertyId(device.property_id)), number, device)
         for row, (site, _) in enumerate(stays) for number, device in enumerate(site.devices)),
        key=lambda one: one[:2],
    )  # fmt: skip
    made = [(number, *one) for number, (*_, device) in enumerate(streams) for one in device.calibrations]
    roster = Roster(
        kind_id=KindId("bridge"),
        rule=rule,
        asset_id=[AssetId(site.asset_id) for site, _ in stays],
        district_id=[DistrictId(stay.district_id) for _, stay in stays],
        begin=_micros([stay.begin for _, stay in stays], ever.min),
        end=_micros([stay.end for _, stay in stays], ever.max),
        slot=np.array([slot for slot, *_ in streams], dtype=np.intp),
        datastream_id=np.arange(len(streams), dtype=np.int32),
        interval=np.array([device.interval for *_, device in streams]),
        installed=_micros([device.installed for *_, device in streams], ever.min),
        removed=_micros([device.removed for *_, device in streams], ever.max),
        calibration_of=np.array([one[0] for one in made], dtype=np.intp),
        calibrated=_micros([one[1] for one in made], ever.min),
        expires=_micros([_expiry(rule, one[1], one[2]) for one in made], ever.max),
    )
    counts = [[device.good.get(day, 0) for day in dates] for *_, device in streams]
    return roster, days, np.array(counts, dtype=np.int32).reshape(len(streams), len(dates))


def _expiry(rule: CoverageRule, made: datetime, until: datetime | None) -> datetime | None:
    ends = [] if until is None else [until]
    if rule.calibration_days is not None:
        ends.append(made + timedelta(days=rule.calibration_days))
    return min(ends, default=None)


def _micros(moments: Iterable[datetime | None], absent: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([absent if one is None else to_micros(one) for one in moments], dtype=np.int64)


def year_of_bridges(first: date, *, days: int = 365, bridges: int = 100, seed: int = 1) -> list[Site]:
    """Return bridges of which 47 % are monitored at first and many more at last, with every kind of gap on the way."""
    random = np.random.default_rng(seed)
    dates = [first + timedelta(days=number) for number in range(days)]
    districts = sorted(DISTRICTS)
    return [
        Site(f"b-{number:03}", _stays(number, dates, districts), tuple(_devices(number, bridges, dates, random)))
        for number in range(bridges)
    ]


def _stays(number: int, dates: Sequence[date], districts: Sequence[str]) -> tuple[Stay, ...]:
    here, there = districts[number % len(districts)], districts[(number + 1) % len(districts)]
    moment = midnight(dates[len(dates) // 2]) + timedelta(hours=number % 24)
    return {
        7: (Stay(here, None, moment),),  # closed
        8: (Stay(here, moment, None),),  # opened
        9: (Stay(here, None, moment), Stay(there, moment, None)),  # given to another district
    }.get(number % 50, (Stay(here),))


def _devices(number: int, bridges: int, dates: Sequence[date], random: np.random.Generator) -> Iterator[Device]:
    """Yield the sensors of a bridge; bridges beyond the first 47 % get theirs in the course of the year, or never."""
    place = number / bridges
    start = 0 if place < 0.47 else int((place - 0.47) / 0.43 * len(dates))
    if place >= 0.9:
        return
    installed = None if start == 0 else midnight(dates[start]) + timedelta(hours=9)
    for property_id in RULE.required:
        good = dict.fromkeys(dates[start:], 24)
        for _ in range(2):  # days without anything, days with too little
            begin, length = int(random.integers(20, len(dates))), int(random.integers(1, 9))
            little = int(random.integers(0, 22)) if random.random() < 0.3 else 24
            good.update({day: little for day in dates[begin : begin + length] if day in good})
        calibrated = midnight(dates[0]) - timedelta(days=int(random.integers(0, 40)) + 330 * (number % 17 == 3))
        calibrations = [(calibrated, None)]
        if number % 17 != 3:
            calibrations.append((calibrated + timedelta(days=300), None))
        elif number % 34 == 3:  # late; the others of these stay expired
            calibrations.append((calibrated + timedelta(days=380), None))
        if start:
            calibrations = [(midnight(dates[start]), None)]
        swap = number % 25 == 5
        middle = midnight(dates[len(dates) // 3]) + timedelta(hours=12)
        yield Device(
            f"{property_id}-1", property_id, 3600.0, installed, middle if swap else None, tuple(calibrations), good
        )
        if swap:
            late = {day: 24 for day in dates if midnight(day) > middle}
            yield Device(f"{property_id}-2", property_id, 3600.0, middle, None, ((middle, None),), late)


def write_city(connection: Connection, sites: Sequence[Site], *, rule: CoverageRule = RULE) -> None:
    """Write sites, their registry and their roll-ups by day into a migrated, empty database."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO system (system_id, name_en, name_zh) VALUES ('bridge', 'Bridges', '桥梁')")
        cursor.execute(
            "INSERT INTO asset_kind (kind_id, system_id, name_en, name_zh, coverage)"
            " VALUES ('bridge', 'bridge', 'City bridge', '城市桥梁', %s)",
            (Jsonb(msgspec.to_builtins(rule)),),
        )
        cursor.executemany(
            "INSERT INTO district (district_id, name_en, name_zh, district_class, boundary, boundary_source)"
            " VALUES (%s, %s, %s, %s, '{}', 'made up')",
            [(district, district.title(), district, of_class) for district, of_class in DISTRICTS.items()],
        )
        cursor.executemany(
            "INSERT INTO observed_property VALUES (%s, %s, %s, 'um/m', 1)",
            [(name, name, name) for name in rule.required],
        )
        for site in sites:
            _write_site(connection, site)
        numbers = {
            (asset, sensor, name): number
            for number, asset, sensor, name in cursor.execute(
                "SELECT datastream_id, asset_id, sensor_id, property_id FROM datastream"
            )
        }
        rows = [
            (midnight(day).astimezone(UTC), numbers[site.asset_id, device.sensor_id, device.property_id], good)
            for site in sites
            for device in site.devices
            for day, good in device.good.items()
            if good
        ]
        with cursor.copy("COPY rollup_1day (bucket, datastream_id, n, good, failed) FROM STDIN") as copy:
            for bucket, number, good in rows:
                copy.write_row((bucket, number, good, good, 0))
        cursor.execute("ANALYZE")


def _write_site(connection: Connection, site: Site) -> None:
    stays = site.stays
    connection.execute(
        "INSERT INTO asset (asset_id, kind_id, district_id, name_en, name_zh, latitude, longitude, responsible_unit,"
        " origin, parameters, valid_from, valid_until, street)"
        " VALUES (%s, 'bridge', %s, %s, %s, 30.5, 114.3, 'unit', 'synthetic', '{}', %s, %s, %s)",
        (site.asset_id, stays[-1].district_id, f"Bridge {site.asset_id}", f"桥 {site.asset_id}",
         stays[0].begin, stays[-1].end, f"street {site.asset_id[-1]}"),
    )  # fmt: skip
    for stay in stays:
        connection.execute(
            "INSERT INTO asset_version (asset_id, valid_from, valid_until, kind_id, district_id, street, name_en,"
            " name_zh, responsible_unit, origin) VALUES (%s, %s, %s, 'bridge', %s, %s, 'x', 'x', 'unit', 'synthetic')",
            (site.asset_id, stay.begin or datetime(2000, 1, 1, tzinfo=UTC), stay.end, stay.district_id,
             f"street {site.asset_id[-1]}"),
        )  # fmt: skip
    for device in site.devices:
        connection.execute(
            "INSERT INTO sensor (asset_id, sensor_id, model_id, model_name_en, model_name_zh, installed_at, removed_at)"
            " VALUES (%s, %s, 'm', 'm', 'm', %s, %s)",
            (site.asset_id, device.sensor_id, device.installed, device.removed),
        )
        connection.execute(
            "INSERT INTO datastream (asset_id, sensor_id, property_id, unit, expected_interval, sampling, span_low,"
            " span_high, plausible_low, plausible_high, resolution, limits)"
            " VALUES (%s, %s, %s, 'um/m', %s, 'scalar', -1, 1, -1, 1, 0, '{}')",
            (site.asset_id, device.sensor_id, device.property_id, device.interval),
        )
        for made, until in device.calibrations:
            connection.execute(
                "INSERT INTO calibration VALUES (%s, %s, %s, %s)", (site.asset_id, device.sensor_id, made, until)
            )
