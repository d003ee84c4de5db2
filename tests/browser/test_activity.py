"""What the desk has done, on the page, with the embedded model."""

import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.backend.asking import as_user, key_of, keys
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.serving import Server, serve

CHARGED = "How are duplicate charges refunded?"
UPLOAD = "Why does the Upload API answer 413?"
UNKNOWN = "Do you deliver pizza to the moon?"


def ask(client: httpx.Client, question: str) -> dict[str, Any]:
    reply = client.post("/chat", json={"message": question, "session_id": uuid.uuid4().hex})
    return dict(reply.raise_for_status().json())


@pytest.fixture(scope="module")
def keyed(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk of two users and an operator: ada has asked twice, one of it in vain, and bob once."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("keyed") / "data"))
    with serve(data, "tests.with_pages", API_KEYS=keys("ada", "bob", "olga"), OPERATORS="olga") as server:
        with as_user(server, "ada") as ada, as_user(server, "bob") as bob:
            answer = ask(ada, CHARGED)
            ada.post(f"/runs/{answer['run_id']}/feedback", json={"rating": "up"}).raise_for_status()
            thread_id = ask(ada, UNKNOWN)["thread_id"]
            ask(bob, UPLOAD)
            wish = {"contact": "ada@example.com", "message": "It is urgent.", "thread_id": thread_id}
            ada.post("/api/handovers", json=wish).raise_for_status()
        yield server


@pytest.fixture
def look(open_tab: OpenTab, keyed: Server) -> "Look":
    return Look(open_tab, keyed)


class Look:
    """Opens the page as one of the users."""

    def __init__(self, open_tab: OpenTab, server: Server) -> None:
        self._open_tab, self._server = open_tab, server

    def __call__(self, user: str, browser: BrowserContext | None = None) -> Tab:
        tab = self._open_tab(self._server, "/activity", browser)
        tab.page.get_by_label("Your key").fill(key_of(user))
        tab.button("Sign in").click()
        expect(tab.page.locator(".figures")).to_be_visible()
        return tab


def figure(tab: Tab, name: str) -> Locator:
    return tab.page.locator(".figures > div").filter(has=tab.page.get_by_text(name, exact=True)).locator(".value")


def panel(tab: Tab, name: str) -> Locator:
    return tab.page.locator(".panel").filter(has=tab.page.get_by_role("heading", name=name, exact=True))


def test_a_desk_that_nobody_has_asked_says_so_and_then_counts(open_tab: OpenTab, desk: Server) -> None:
    tab = open_tab(desk, "/activity")
    expect(panel(tab, "Quiet so far")).to_be_visible()
    expect(tab.page.locator(".charts, .figures")).to_have_count(0)
    with desk.client() as client:
        ask(client, CHARGED)
    tab.button("Refresh").click()
    expect(figure(tab, "Questions")).to_have_text("1")
    expect(panel(tab, "Questions a day").locator(".recharts-bar-rectangle path")).to_have_count(1)


def test_an_operator_sees_what_everybodys_questions_came_to(look: Look) -> None:
    tab = look("olga")
    expect(figure(tab, "Questions")).to_have_text("3")
    expect(figure(tab, "Answered")).to_have_text("67 %")
    expect(figure(tab, "Thumbs up")).to_have_text("100 %")
    for chart in ("Questions a day", "Time to the first word", "Questions without an answer", "Ratings a day"):
        expect(panel(tab, chart).locator("svg.recharts-surface").first).to_be_visible()
    expect(panel(tab, "Questions a day").locator(".legend li")).to_have_text(
        ["Billing", "Technical support", "All questions"]
    )
    expect(panel(tab, "Cost a day")).to_have_count(0)
    missing = panel(tab, "Unanswered questions")
    expect(missing).to_contain_text(UNKNOWN)
    missing.get_by_role("link").click()
    expect(tab.page).to_have_url(re.compile("/knowledge$"))


def test_whoever_runs_nothing_sees_their_own_alone(look: Look) -> None:
    tab = look("bob")
    expect(figure(tab, "Questions")).to_have_text("1")
    expect(panel(tab, "Latest questions").locator("li")).to_have_count(1)
    expect(panel(tab, "Unanswered questions")).to_have_count(0)
    for foreign in (CHARGED, UNKNOWN, "ada@example.com"):
        assert foreign not in tab.page.content()


def test_own_conversations_are_a_click_away_and_those_of_others_are_not(look: Look, chrome: Browser) -> None:
    other = chrome.new_context()
    try:
        theirs = panel(look("olga", other), "Latest questions")
        expect(theirs.locator("li")).to_have_count(3)
        expect(theirs.get_by_text("by ada")).to_have_count(2)
        expect(theirs.get_by_role("link")).to_have_count(0)
    finally:
        other.close()
    tab = look("ada")
    panel(tab, "Latest questions").get_by_role("link", name=CHARGED).click()
    expect(tab.page.locator(".question")).to_contain_text(CHARGED)


def test_the_charts_are_there_as_tables(look: Look) -> None:
    tab = look("olga")
    tab.button("Show as tables").click()
    expect(tab.page.locator(".charts")).to_have_count(0)
    day = panel(tab, "Day by day").locator("tbody tr")
    expect(day).to_have_count(1)
    expect(day.locator("td").first).to_have_text("3")
    expect(panel(tab, "Agent by agent").get_by_role("row", name=re.compile("^Billing 2 50 %"))).to_be_visible()
    tab.button("Show as charts").click()
    expect(tab.page.locator(".charts")).to_be_visible()


def test_a_day_is_read_by_pointing_at_it(look: Look) -> None:
    chart = panel(look("olga"), "Questions a day")
    chart.locator(".recharts-bar-rectangle path").first.hover()
    expect(chart.locator(".recharts-tooltip-wrapper")).to_contain_text("All questions: 3")


def test_who_waits_is_seen_to_by_an_operator_only(look: Look, keyed: Server, chrome: Browser) -> None:
    other = chrome.new_context()
    try:
        asker = look("ada", other)
        panel(asker, "Waiting for a person").get_by_role("button", name=re.compile("^Open")).click()
        expect(asker.page.get_by_role("dialog")).to_contain_text("It is urgent.")
        expect(asker.button("Mark as resolved")).to_have_count(0)
    finally:
        other.close()
    tab = look("olga")
    waiting = panel(tab, "Waiting for a person")
    expect(waiting).to_contain_text("ada@example.com")
    waiting.get_by_role("button", name=re.compile("^Open")).click()
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.locator(".said-before")).to_contain_text(UNKNOWN)
    dialog.get_by_label("What was done about it").fill("Told her about the moon.")
    dialog.get_by_role("button", name="Mark as resolved").click()
    expect(dialog).to_have_count(0)
    expect(waiting).to_contain_text("Nobody who left an address is waiting.")
    assert tab.page.evaluate("document.activeElement.closest('.panel')?.querySelector('h2').textContent") == (
        "Waiting for a person"
    )
    seen_to = waiting.get_by_role("list", name="Done").get_by_role("listitem")
    expect(seen_to).to_have_count(1)
    expect(seen_to).to_contain_text("Told her about the moon.")
    expect(seen_to).to_contain_text("Resolved by olga, just now")
    opening = seen_to.get_by_role("button", name=re.compile("^Open"))
    opening.click()
    expect(dialog).to_contain_text("Told her about the moon.")
    expect(dialog.get_by_label("What was done about it")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    expect(opening).to_be_focused()
    with as_user(keyed, "olga") as olga:
        (done,) = olga.get("/api/handovers", params={"resolved": "true"}).json()["handovers"]
    assert (done["contact"], done["resolved_by"], done["note"]) == (
        "ada@example.com",
        "olga",
        "Told her about the moon.",
    )


def test_how_many_days_is_in_the_address(look: Look) -> None:
    tab = look("olga")
    chosen = tab.page.get_by_role("group", name="How many days").locator("[aria-current=true]")
    expect(chosen).to_have_text("30 days")
    for days in ("7", "90"):
        tab.page.get_by_role("link", name=f"{days} days").click()
        expect(tab.page).to_have_url(re.compile(rf"/activity/?\?days={days}$"))
        expect(chosen).to_have_text(f"{days} days")
    tab.page.reload()
    expect(chosen).to_have_text("90 days")
    expect(tab.page.get_by_text("As of")).to_be_visible()
    expect(chosen).to_have_text("90 days")
    tab.page.go_back()
    expect(chosen).to_have_text("7 days")
    tab.page.go_back()
    expect(chosen).to_have_text("30 days")
    tab.go("/activity?days=7")
    expect(chosen).to_have_text("7 days")
    tab.go("/activity?days=1000000")
    expect(chosen).to_have_text("30 days")
    expect(tab.page.locator(".figures")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_by_day_and_by_night(look: Look, chrome: Browser, scheme: str) -> None:
    small = chrome.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        tab = look("olga", small)
        chart = panel(tab, "Questions a day")
        expect(chart.locator(".recharts-bar-rectangle path").first).to_be_visible()
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
        text, ground = chart.evaluate("one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]")
        assert (brightness(text) > brightness(ground)) == (scheme == "dark")
        tab.button("Show as tables").click()
        expect(panel(tab, "Day by day").get_by_role("table")).to_be_visible()
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
    finally:
        small.close()


def brightness(colour: str) -> float:
    """Of what a browser says of a colour, from 0 to 3."""
    parts = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    return sum(parts) / (255 if colour.startswith("rgb") else 1)


def test_of_an_offer_that_nobody_took_up_an_operator_sees_the_question_alone(look: Look, keyed: Server) -> None:
    with as_user(keyed, "bob") as bob:
        session = uuid.uuid4().hex
        for question in (CHARGED, UNKNOWN):
            bob.post("/chat", json={"message": question, "session_id": session}).raise_for_status()
    tab = look("olga")
    waiting = panel(tab, "Waiting for a person")
    waiting.get_by_role("button", name=re.compile("^Show those without an address")).click()
    # Others have asked the same, and waited with an address or been seen to.
    offered = waiting.get_by_role("listitem").filter(has_text="nobody has left an address")
    expect(offered).to_have_count(1)
    offered.get_by_role("button", name=f"Open: {UNKNOWN}", exact=True).click()
    dialog = tab.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nobody has asked for a person, so the rest of the conversation is not shown.")
    expect(dialog).to_contain_text(UNKNOWN)
    assert CHARGED not in dialog.inner_text()
    expect(dialog.locator(".said-before")).to_have_count(0)
