"""What was done for an answer: attempts that failed and what replaced them, agents at the same time, what it took."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.backend.asking import Provided, provided
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.providers.answers import RecordedRequest
from tests.providers.script import Fault, Script, Usage
from tests.serving import Server

TWO = "How are duplicate charges refunded, and why does the Upload API answer 413?"
# Whether an element stands beside, and below, the one before it.
_WHERE = """(one) => {
  const [here, before] = [one, one.previousElementSibling].map((each) => each.getBoundingClientRect());
  return [here.left >= before.right, here.top >= before.bottom];
}"""
CHAIN = "openai:gpt-4o-mini,openai:gpt-4o"


def _second_answers(request: RecordedRequest) -> Script:
    if request.body and request.body["model"] == "gpt-4o":
        return Script(("Said. [1]",), usage=Usage(prompt=100, cached=64, completion=7))
    return Script((), fault=Fault.BROKEN)


@pytest.fixture(scope="module")
def failing(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk whose first model is broken."""
    base = tmp_path_factory.mktemp("failing")
    with provided(indexed, base, module="tests.with_pages", WORKER_MODEL=CHAIN) as desk:
        desk.provider.script = _second_answers
        yield desk


@pytest.fixture(params=[True, False], ids=["streamed", "at once"])
def tab(request: pytest.FixtureRequest, failing: Provided, open_tab: OpenTab) -> Tab:
    tab = open_tab(failing.desk).ready()
    if not request.param:
        tab.page.get_by_role("switch").click()
    return tab


def _trace(tab: Tab, question: str) -> Locator:
    tab.ask(question)
    tab.answered()
    tab.page.locator(".trace summary").click()
    return tab.page.locator(".trace")


def test_failed_attempts_and_what_replaced_them(tab: Tab) -> None:
    trace = _trace(tab, "How are duplicate charges refunded?")
    attempts = trace.locator(".step").filter(has_text="openai:gpt-4o")
    expect(attempts.filter(has=tab.page.locator("[data-status=failed]")).first).to_contain_text("openai:gpt-4o-mini")
    last = attempts.last
    expect(last).to_contain_text("In place of openai:gpt-4o-mini, which did not answer")
    expect(last).to_contain_text("100 tokens read (64 of them cached), 7 written · $0.0002")
    expect(last.locator(".status")).to_have_text("fallback")
    expect(last.locator(".latency")).to_contain_text("ms")


def test_agents_that_work_at_the_same_time_stand_side_by_side(open_tab: OpenTab, desk: Server) -> None:
    tab = open_tab(desk).ready()
    lanes = _trace(tab, TWO).locator(".at-once > ul > li")
    expect(lanes).to_have_count(2)
    expect(lanes.locator(".step").filter(has_text="Reading")).to_have_count(2)
    assert lanes.nth(1).evaluate(_WHERE) == [True, False]
    tab.page.set_viewport_size({"width": 360, "height": 740})
    assert lanes.nth(1).evaluate(_WHERE) == [False, True]
    # The trace of a stored answer is read from the events of its run.
    tab.page.reload()
    tab.answered()
    tab.page.locator(".trace summary").click()
    expect(lanes.locator(".step").filter(has_text="Reading")).to_have_count(2)
