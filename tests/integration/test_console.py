"""The console in a real browser, on a real API over a real database."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Thread
from urllib.parse import urlsplit

import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from analytics.jobs import compute_coverage
from api.context import Context
from api.live import Live
from api.main import create_app
from citywatch.clock import SystemClock, to_micros
from citywatch.model.alarms import Anomaly, OpenAlarm, on_severity
from citywatch.model.identifiers import AssetId, RuleId
from citywatch.model.names import Name
from citywatch.model.observations import Account, Batch, Observations
from citywatch.model.registry import Datastream
from citywatch.model.rules import Severity
from citywatch.storage.connection import Connection, connect
from citywatch.storage.pipeline.alarms import AlarmChange, write_change
from citywatch.storage.pipeline.batches import BatchWriter
from citywatch.storage.pipeline.registry import read_covered_assets, read_datastreams
from citywatch.storage.serving.database import Database
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WELL = AssetId("well-003")
WIDE = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


@dataclass
class City:
    """The database behind the console, and what happens in it."""

    connection: Connection
    streams: list[Datastream]

    def stream(self, asset_id: str, property_id: str) -> Datastream:
        """Return the datastream of a property of an asset."""
        return next(one for one in self.streams if (one.asset_id, one.measure.property_id) == (asset_id, property_id))

    def store(
        self, stream: Datastream, values: list[float], *, step: float = 10.0, ends: datetime | None = None
    ) -> None:
        """Commit values ``step`` [s] apart; the last one was measured now unless ``ends`` says otherwise."""
        end = ends or SystemClock().now()
        count = len(values)
        micros = to_micros(end) - (np.arange(count)[::-1] * step * 1e6).astype(np.int64)
        numbers = np.full(count, stream.datastream_id, dtype=np.int32)
        rows = Observations(numbers, micros, micros.copy(), np.array(values), np.ones(count, dtype=np.int16))
        account = Account(end.replace(second=0, microsecond=0), "hanyang/gas", 1, count, 0)
        BatchWriter(self.connection, ingester="test").write(
            Batch(rows, np.zeros(count, dtype=np.int32), [account], [], [])
        )

    def raise_alarm(self, severity: Severity, *, asset_id: str = WELL, message: str = "Methane 23.1 %LEL") -> OpenAlarm:
        """Commit a methane alarm, as analytics does."""
        now = SystemClock().now()
        anomaly = Anomaly(
            rule_id=RuleId("methane-in-well"),
            asset_id=AssetId(asset_id),
            datastream_id=self.stream(asset_id, "methane").datastream_id,
            severity=severity,
            measured_at=now,
            received_at=now,
            evidence={"value": 23.1, "unit": "%{LEL}", "limit": 20.0, "limit_source": "test", "limit_mark": "D"},
        )
        transition = on_severity(None, severity)
        assert transition is not None
        text = Name(f"{message} in {asset_id}", f"{asset_id} 甲烷浓度 23.1 %LEL")
        with self.connection.transaction():
            alarm = write_change(self.connection, AlarmChange(None, transition, anomaly, text), now)
        assert alarm is not None
        return alarm


@dataclass
class Watched:
    """A page, and everything it must not do."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:  # violations of the content security policy are errors
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: install chromium, chromium-browser or google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def city(plain_database: str) -> Iterator[City]:
    """The demo city with a well that has measured for half an hour, and a coverage figure."""
    with connect(plain_database, process="test") as connection:
        found = City(connection, read_datastreams(connection))
        found.store(found.stream(WELL, "methane"), [2.0 + 0.01 * number for number in range(180)])
        compute_coverage(connection, read_covered_assets(connection), found.streams, at=SystemClock().now())
        yield found


@contextmanager
def api_server(database: str, port: int = 0) -> Iterator[str]:
    """Serve API and console on a port; yield the address."""
    served = Database(database, process="test api", connections=4)
    app = create_app(Context(served, SystemClock(), Live(served)))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started, what="the API")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture
def address(city: City, plain_database: str) -> Iterator[str]:
    """The address of the console."""
    with api_server(plain_database) as served:
        yield served


@contextmanager
def opened(
    browser: Browser, address: str, *, path: str = "/", viewport: dict[str, int] | None = None
) -> Iterator[Watched]:
    """Open the console, live; check at the end that it kept to the rules of the house."""
    size = viewport or WIDE
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale="en-GB", reduced_motion="reduce"
    )
    try:
        watched = Watched(context.new_page())
        watched.page.goto(address + path)
        expect(watched.page.locator("[data-link=live]")).to_be_visible()
        yield watched
        assert watched.complaints == []
        assert watched.hosts == {urlsplit(address).netloc}
    finally:
        context.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The console in English at 1366 px."""
    with opened(browser, address) as watched:
        yield watched.page


def test_every_asset_is_on_the_map_and_no_data_is_said(page: Page) -> None:
    expect(page.locator(".asset-mark")).to_have_count(151)
    expect(page.locator(f"[data-asset={WELL}]")).to_have_attribute("data-condition", "partial")
    # three bridges have no sensors at all; every other asset but the well has never been heard
    expect(page.locator(".asset-mark[data-condition=unequipped]")).to_have_count(3)
    expect(page.locator(".asset-mark[data-condition=no-data]")).to_have_count(146)
    expect(page.locator("path.district")).to_have_count(17)
    expect(page.locator(".legend")).to_contain_text("no data")
    expect(page.locator("h1")).to_contain_text("Wuhan (demonstration)")
    expect(page.locator(".clock")).to_contain_text("Asia/Shanghai")
    expect(page.locator(".status-bar")).to_contain_text("synthetic data")


def test_coverage_has_its_denominator_its_label_and_its_gaps(page: Page) -> None:
    panel = page.locator(".coverage [data-kind=bridge]")
    expect(panel).to_contain_text("0 of 40 monitored = 0.0")
    expect(panel).to_contain_text("synthetic registry")
    panel.get_by_role("button", name="Show 40 gaps").click()
    expect(panel.locator(".gaps li")).to_have_count(40)
    expect(panel.locator(".gaps li", has_text="not installed")).to_have_count(7)
    expect(panel).to_contain_text("within 1 h")


def test_a_live_alarm_appears_and_is_acknowledged_without_reload(city: City, page: Page) -> None:
    expect(page.locator(".alarms")).to_contain_text("No open alarms")
    alarm = city.raise_alarm(Severity.MAJOR)
    row = page.locator(f"tr[data-alarm='{alarm.alarm_id}']")
    expect(row).to_contain_text("major")
    expect(row).to_contain_text("Methane 23.1 %LEL in well-003")
    expect(row).to_contain_text("unacknowledged")
    expect(page.locator("[aria-live=polite]")).to_contain_text("New alarm, major")
    expect(page.locator(f"[data-asset={WELL}]")).to_have_attribute("data-condition", "3")

    row.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".alarms [role=alert]")).to_contain_text("Enter your name first")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.get_by_label("Your name").fill("li.wei")
    row.get_by_role("button", name="Acknowledge").click()
    expect(row).to_have_attribute("data-state", "acknowledged")
    expect(row).to_contain_text("by li.wei")
    expect(row.get_by_role("button", name="Acknowledge")).to_have_count(0)
    stored = city.connection.execute("SELECT state, acknowledged_by FROM alarm").fetchone()
    assert stored == ("acknowledged", "li.wei")
    page.reload()
    expect(page.get_by_label("Your name")).to_have_value("li.wei")


def test_the_most_severe_alarm_comes_first_and_says_what_to_do(city: City, page: Page) -> None:
    for severity, asset_id in (
        (Severity.MINOR, "well-004"),
        (Severity.CRITICAL, "well-005"),
        (Severity.MAJOR, "well-006"),
    ):
        city.raise_alarm(severity, asset_id=asset_id)
    words = page.locator("tr[data-alarm] td.severity")
    expect(words).to_have_text([re.compile("critical"), re.compile("major"), re.compile("minor")])
    expect(page.locator("[aria-live=assertive]")).not_to_contain_text("minor")
    page.get_by_role("button", name="newest first").click()
    expect(words).to_have_text([re.compile("major"), re.compile("critical"), re.compile("minor")])
    page.locator("tr[data-alarm]", has_text="critical").get_by_role("button").first.click()
    expect(page.locator("tr.advice")).to_contain_text("Keep ignition sources away")
    expect(page.locator("tr.advice")).to_contain_text("limit 20\u00a0%LEL")


def test_markup_in_a_message_stays_text(city: City, page: Page) -> None:
    alarm = city.raise_alarm(Severity.MINOR, message="<img src=x onerror=alert(1)><b>Methane</b>")
    row = page.locator(f"tr[data-alarm='{alarm.alarm_id}']")
    expect(row).to_contain_text("<b>Methane</b>")
    expect(row.locator("img")).to_have_count(0)


def test_the_chart_of_a_datastream_draws_and_grows(city: City, page: Page) -> None:
    # marks of neighbours may cover each other: the event goes to the mark itself
    page.locator(f"[data-asset={WELL}]").dispatch_event("click")
    panel = page.locator("#asset")
    expect(panel).to_contain_text("well-003")
    methane = panel.locator(f"tr[data-datastream='{city.stream(WELL, 'methane').datastream_id}']")
    expect(methane).to_contain_text("3.8\u00a0%LEL")
    expect(methane).to_contain_text("pass")
    expect(panel.locator("tr[data-datastream]", has_text="Gas pressure")).to_contain_text("no data: never heard")
    chart = panel.locator(".chart")
    expect(chart).to_have_attribute("data-points", "180")
    expect(chart).to_have_attribute("data-limits", "4")
    expect(chart.locator("canvas")).to_be_visible()
    assert inked(page) > 500

    city.store(city.stream(WELL, "methane"), [9.5])
    expect(chart).to_have_attribute("data-points", "181")
    expect(methane).to_contain_text("9.5\u00a0%LEL")
    chart.get_by_label("Table").check()
    expect(chart.locator("tbody tr").first).to_contain_text("9.5\u00a0%LEL")
    panel.locator("tr[data-datastream]", has_text="Gas pressure").get_by_role("button").click()
    expect(panel).to_contain_text("No data in the last 1 h.")


def test_an_old_value_is_marked_stale(city: City, page: Page) -> None:
    stream = city.stream("well-007", "methane")
    city.store(stream, [1.0, 1.1], ends=SystemClock().now() - timedelta(minutes=20))
    page.get_by_label("Choose an asset").select_option("well-007")
    row = page.locator(f"tr[data-datastream='{stream.datastream_id}']")
    expect(row).to_contain_text("stale")
    expect(row).to_contain_text("20 min")


def test_chinese_is_complete_and_remembered(city: City, page: Page) -> None:
    city.raise_alarm(Severity.CRITICAL)
    expect(page.locator("tr[data-alarm]")).to_have_count(1)
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("#alarms")).to_contain_text("甲烷浓度 23.1 %LEL")
    expect(page.locator("#alarms")).to_contain_text("紧急")
    page.reload()
    expect(page.locator("h1")).to_contain_text("武汉（演示）")
    assert page.get_by_text(re.compile(r"^[a-z]+\.[a-z0-9-]+$")).count() == 0, "a text is missing"


def test_a_lost_connection_is_said_and_comes_back(browser: Browser, city: City, plain_database: str) -> None:
    with api_server(plain_database) as address:
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        page.goto(address)
        expect(page.locator("[data-link=live]")).to_be_visible()
    expect(page.locator("[data-link=reconnecting]")).to_be_visible()
    expect(page.locator(".banner")).to_contain_text("check the network", timeout=20_000)
    alarm = city.raise_alarm(Severity.MINOR)
    with api_server(plain_database, urlsplit(address).port or 0):
        expect(page.locator("[data-link=live]")).to_be_visible(timeout=20_000)
        expect(page.locator(f"tr[data-alarm='{alarm.alarm_id}']")).to_be_visible()
        expect(page.locator(".banner")).to_have_count(0)
        context.close()


def test_without_a_database_the_console_says_so_in_a_sentence(browser: Browser) -> None:
    with api_server("host=/nonexistent dbname=none") as address:
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        page.goto(address)
        expect(page.locator(".alarms [role=alert]")).to_contain_text("The database does not answer", timeout=20_000)
        context.close()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["1366", "phone"])
def test_nothing_sticks_out_and_all_is_within_reach_of_the_keyboard(
    city: City, browser: Browser, address: str, viewport: dict[str, int]
) -> None:
    city.raise_alarm(Severity.CRITICAL)
    with opened(browser, address, path=f"/#asset={WELL}", viewport=viewport) as watched:
        page = watched.page
        expect(page.locator(".chart canvas")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the alarms")).to_be_focused()
        nameless = page.evaluate(
            "[...document.querySelectorAll('button, input, select')].filter("
            "one => !(one.ariaLabel || one.textContent.trim() || one.labels?.length)).map(one => one.outerHTML)"
        )
        assert nameless == []
        assert page.get_by_role("table").first.get_by_role("row").count() >= 2


def inked(page: Page) -> int:
    """Return how many pixels of the chart are painted."""
    count = page.evaluate(
        "(() => { const canvas = document.querySelector('.chart canvas');"
        " const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        " return data.filter((alpha, at) => at % 4 === 3 && alpha > 0).length; })()"
    )
    assert isinstance(count, int)
    return count
