"""What is shown beside an answer without a model: its sentence that matters, other sections, that it is only near."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.browser.conftest import OpenTab
from tests.browser.install import AXE
from tests.browser.tab import Tab
from tests.serving import Server, serve

BALLOONS = "How are duplicate charges of balloons refunded?"
CHARGED = "How are duplicate charges refunded?"
# How often the text of an answer has moved or grown since it was whole.
STILL = """
window.moves = [];
new MutationObserver(() => {
  const text = document.querySelector('article.answer .text');
  if (!text?.textContent.includes('6 USD')) return;
  const { left, top, width, height } = text.getBoundingClientRect();
  const place = [left, top + window.scrollY, width, height].map(Math.round).join();
  if (place !== window.moves.at(-1)) window.moves.push(place);
}).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
"""
CONTRAST = """async () => (await axe.run('article.answer')).violations
  .flatMap((one) => one.nodes.map((node) => `${one.id} ${node.html} ${node.failureSummary}`))"""


@pytest.fixture(scope="module")
def desk(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk whose agents answer as those of `tests.nearest`."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("near") / "data"))
    with serve(data, "tests.with_pages_nearest") as server:
        yield server


def marked(answer: Locator) -> list[str]:
    """The marked text of an item and of two cells."""
    marks = [
        answer.locator(f"{part} mark").all_text_contents() for part in ("li", "td:nth-child(1)", "td:nth-child(2)")
    ]
    return ["".join(texts).strip() for texts in marks]


def check(tab: Tab, answer: Locator) -> None:
    """All that is beside the answer."""
    assert marked(answer) == [
        "Open Settings > Billing > Invoices and note both invoice numbers.",
        "Team",
        "12 USD",
    ]
    expect(answer.locator("strong mark")).to_have_text("Settings > Billing > Invoices")
    expect(answer.locator("tr > mark, table > mark, ol > mark")).to_have_count(0)
    sections = answer.get_by_role("region", name="See also").get_by_role("button")
    expect(sections).to_have_text(["Prices", "Refunds > Annual plans"])
    sections.last.focus()
    tab.page.keyboard.press("Enter")
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.locator(".passage").filter(has_text="An annual plan is refunded in full")).to_be_in_viewport()
    expect(dialog.locator("mark")).to_have_count(0)
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(sections.last).to_be_focused()


def test_what_matters_is_marked_and_other_sections_open_also_after_a_reload(open_tab: OpenTab, desk: Server) -> None:
    tab = open_tab(desk).ready()
    tab.ask(CHARGED)
    tab.answered()
    answer = tab.page.locator("article.answer")
    check(tab, answer)
    expect(answer.locator(".nearest, .handoff, .partly")).to_have_count(0)
    expect(answer.locator(".trace summary")).not_to_contain_text("supported")
    tab.page.reload()
    tab.answered()
    check(tab, answer)


def test_only_the_nearest_is_said_to_be_so_and_offers_a_person(open_tab: OpenTab, desk: Server) -> None:
    tab = open_tab(desk).ready()
    tab.page.get_by_role("switch").click()
    tab.ask(BALLOONS)
    tab.answered()
    for _ in range(2):
        expect(tab.page.locator(".agents .nearest")).to_have_text("Nearest match")
        expect(tab.page.locator(".handoff").get_by_role("button", name="Talk to a person")).to_be_visible()
        assert marked(tab.page.locator("article.answer"))[1:] == ["Team", "12 USD"]
        tab.page.reload()
        tab.answered()
    tab.go("/activity")
    panel = tab.page.locator(".panel").filter(has=tab.page.get_by_role("heading", name="Unanswered questions"))
    expect(panel.locator("li").filter(has_text=BALLOONS)).to_contain_text("nearest match shown")
    expect(tab.page.locator(".runs li").filter(has_text=BALLOONS).locator(".badge")).to_have_text("nearest match")


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_moves_when_the_answer_is_whole(
    open_tab: OpenTab, desk: Server, context: BrowserContext, width: int
) -> None:
    context.add_init_script(STILL)
    tab = open_tab(desk).ready()
    tab.page.set_viewport_size({"width": width, "height": 800})
    tab.ask(BALLOONS)
    tab.answered()
    expect(tab.page.locator("article.answer mark").first).to_be_visible()
    assert len(tab.page.evaluate("window.moves")) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_both_themes(open_tab: OpenTab, desk: Server, chrome: Browser, scheme: str) -> None:
    context = chrome.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('theme', '{scheme}')")
    tab = open_tab(desk, browser=context).ready()
    tab.ask(BALLOONS)
    tab.answered()
    tab.page.evaluate(AXE.read_text(encoding="utf-8"))
    assert tab.page.evaluate(CONTRAST) == []
    context.close()
