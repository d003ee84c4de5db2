"""Pages of a desk whose API answers late: nothing else on them stops, and what is not wanted any more is not shown."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenTab
from tests.browser.holding import Holding, holding
from tests.serving import Server, serve


@dataclass
class Slow:
    """A desk, its pages in a process of their own, and what holds the requests that these make."""

    desk: Server
    pages: Server
    api: Holding


@pytest.fixture(scope="module")
def slow(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:
    """It was asked once today and once forty days ago."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("slow") / "data"))
    with serve(data) as asked, asked.client() as client:
        client.post("/chat", json={"message": "What does Team cost?", "session_id": "once"}).raise_for_status()
        asked.interrupt()
    with sqlite3.connect(data / "desk.db") as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(activity)")][1:]
        database.execute(f"INSERT INTO activity SELECT day - 40, {', '.join(names)} FROM activity")
    database.close()
    with (
        serve(data) as desk,
        holding(desk.url) as api,
        serve(data.parent / "pages", "tests.with_pages", API_URL=api.url) as pages,
    ):
        yield Slow(desk, pages, api)


@pytest.fixture(autouse=True)
def nothing_held(slow: Slow) -> Iterator[None]:
    yield
    for held in slow.api.held:
        held.let_go.set()
    slow.api.held.clear()


def test_while_a_search_takes_long_the_rest_of_the_page_goes_on(slow: Slow, open_tab: OpenTab) -> None:
    page = open_tab(slow.pages, "/knowledge").page
    documents = page.get_by_role("list", name="Documents").get_by_role("listitem")
    expect(documents).to_have_count(6)
    held = slow.api.hold("search=rate-limits")
    search = page.get_by_label("Search titles and paths")
    search.fill("rate-limits")
    held.wait()
    documents.filter(has_text="Prices").get_by_role("button", name=re.compile("^Prices")).click()
    expect(page.get_by_role("dialog")).to_contain_text("Price per month")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    # An open dialog keeps the focus, and with it what is typed.
    expect(page.get_by_role("dialog")).to_have_count(0)
    search.fill("refunds")
    expect(documents).to_have_count(1)
    expect(documents).to_contain_text("Refunds")
    held.go_on()
    # What the page does next comes after the late answer.
    for _ in range(2):
        documents.first.get_by_role("button", name=re.compile("^Refunds")).click()
        expect(page.get_by_role("dialog")).to_contain_text("Duplicate charges")
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(documents).to_have_count(1)
    expect(documents).to_contain_text("Refunds")
    expect(page.locator("#shown")).to_have_text("1–1 of 1")


def test_late_figures_do_not_replace_those_of_the_days_that_were_chosen_after_them(
    slow: Slow, open_tab: OpenTab
) -> None:
    page = open_tab(slow.pages, "/activity?days=90").page
    questions = page.locator(".figures .value").first
    expect(questions).to_have_text("2")
    # It is the last thing that is asked.
    held = slow.api.hold("/api/unanswered?days=90")
    page.get_by_role("button", name="Refresh").click()
    held.wait()
    expect(page.get_by_text("One moment")).to_be_visible()
    page.get_by_role("link", name="7 days").click()
    expect(questions).to_have_text("1")
    held.go_on()
    for others in ("Show as tables", "Show as charts", "Show as tables"):
        page.get_by_role("button", name=others).click()
    expect(page.get_by_role("region", name="Day by day").get_by_role("row")).to_have_count(2)
    expect(questions).to_have_text("1")


def test_a_switch_shows_at_once_what_was_wished_and_the_last_wish_counts(slow: Slow, open_tab: OpenTab) -> None:
    page = open_tab(slow.pages, "/agents").page
    switch = page.get_by_role("switch", name="Billing takes questions")
    held = slow.api.hold("PUT /api/agents/billing")
    switch.click()
    held.wait()
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    page.get_by_role("button", name="Edit Compliance").click()
    expect(page.get_by_role("heading", name=re.compile("^Edit Compliance"))).to_be_visible()
    held.go_on()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Billing is switched off.")).to_be_visible()
    expect(switch).to_have_attribute("aria-checked", "false")
    with slow.desk.client() as client:
        assert client.get("/api/agents/billing").json()["enabled"] is False


def test_a_switch_that_is_refused_goes_back(slow: Slow, open_tab: OpenTab) -> None:
    page = open_tab(slow.pages, "/agents").page
    expect(page.get_by_role("switch")).not_to_have_count(0)
    switches = page.get_by_role("switch")
    for number in range(switches.count()):
        if switches.nth(number).get_attribute("aria-checked") == "true":
            switches.nth(number).click()
    expect(page.get_by_role("alert")).to_contain_text("is the last agent")
    expect(page.get_by_role("switch", checked=True)).to_have_count(1)


def test_while_who_answers_is_asked_for_the_page_goes_on(slow: Slow, open_tab: OpenTab) -> None:
    tab = open_tab(slow.pages).ready()
    held = slow.api.hold("GET /api/agents HTTP")
    tab.page.reload()
    held.wait()
    switch = tab.page.get_by_role("switch")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    held.go_on()
    tab.ready()


def test_a_person_is_asked_once_however_often_one_clicks(slow: Slow, open_tab: OpenTab) -> None:
    page = open_tab(slow.pages).ready().page
    held = slow.api.hold("POST /api/handovers")
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_label("Email or phone").fill("once@example.com")
    page.get_by_role("dialog").get_by_role("button", name="Send").dblclick()
    held.wait()
    expect(page.get_by_role("dialog").get_by_role("button", name="Send")).to_be_disabled()
    held.go_on()
    expect(page.get_by_text("A person will get in touch")).to_be_visible()
    with slow.desk.client() as client:
        waiting = client.get("/api/handovers").json()["handovers"]
    assert [one["contact"] for one in waiting] == ["once@example.com"]


def test_what_is_saved_late_closes_no_other_form(slow: Slow, open_tab: OpenTab) -> None:
    page = open_tab(slow.pages, "/agents").page
    page.get_by_role("button", name="Edit Billing").click()
    held = slow.api.hold("PUT /api/agents/billing")
    page.get_by_role("button", name="Save").click()
    held.wait()
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Edit General help").click()
    name = page.get_by_label("Name")
    expect(name).to_have_value("General help")
    name.fill("Something typed")
    held.go_on()
    with slow.desk.client() as client:
        client.get("/api/agents").raise_for_status()
    expect(name).to_have_value("Something typed")


def test_a_conversation_that_cannot_be_read_says_so(slow: Slow, open_tab: OpenTab) -> None:
    tab = open_tab(slow.pages).ready()
    failing = slow.api.fail("session=once")
    tab.go("/c/once")
    expect(tab.page.get_by_text("This conversation cannot be read right now.")).to_be_visible()
    failing.let_go.set()
    tab.page.locator(".transcript").get_by_role("button", name="Try again").click()
    expect(tab.page.locator(".question p")).to_have_text("What does Team cost?")
