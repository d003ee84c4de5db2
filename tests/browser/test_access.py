"""The desk for everybody: axe-core finds nothing serious in any state, and the keyboard and a screen reader suffice."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.backend.asking import Provided, keys, provided
from tests.browser.conftest import OpenTab, forget_visitor, opened_for_visitors
from tests.browser.install import AXE
from tests.browser.tab import Tab
from tests.providers.answers import RecordedRequest
from tests.providers.script import Fault, Script

SAID = """A table [1] and code [2].

| Plan | Price | What else is in it, told at length so that the table is wider than a telephone |
| --- | --- | --- |
| Starter | 6 USD | [Write to us](https://acme.example) |

```python
def refund(days: int = 10) -> str:  # a line that is long enough to be wider than the screen of a telephone
    return f"within {days} working days"
```

- [x] done
- [ ] open
"""
_FINDINGS = """async () => (await axe.run()).violations
  .filter((one) => ['serious', 'critical'].includes(one.impact))
  .map((one) => one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 200) + ' ' + node.failureSummary).join('; '))
"""
_SIDEWAYS = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? []
  : [...document.querySelectorAll('.desk *')]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map((one) => 'sideways: ' + one.outerHTML.slice(0, 120))
"""
# What can be pressed, but for words in a line of text, and for what stands for nothing at the moment.
_SMALL = """() => [...document.querySelectorAll('button, select, input, summary, nav a, .threads a')]
  .filter((one) => !one.closest('[aria-hidden=true]') && one.checkVisibility({visibilityProperty: true}))
  .map((one) => [one.getBoundingClientRect(), one])
  .filter(([box]) => box.width > 0 && (box.width < 24 || box.height < 24))
  .map(([box, one]) => `${box.width} x ${box.height}: ${one.outerHTML.slice(0, 120)}`)
"""


def _played(request: RecordedRequest) -> Script:
    asked = str(request.body["messages"][-1]["content"]) if request.body else ""
    if "please hold" in asked:
        return Script(("It ", "begins "), fault=Fault.STALL, at=2)
    return Script(tuple(re.findall(r"(?s).{1,12}", SAID)))


@pytest.fixture(scope="module")
def writing(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk with pages, whose model writes tables and code, or holds."""
    with provided(indexed, tmp_path_factory.mktemp("access"), module="tests.with_pages") as desk:
        desk.provider.script = _played
        yield desk


@pytest.fixture(scope="module")
def keyed(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """The same for those who have a key."""
    base = tmp_path_factory.mktemp("keyed")
    with provided(indexed, base, module="tests.with_pages", API_KEYS=keys("ann")) as desk:
        yield desk


def _empty(tab: Tab) -> None:
    expect(tab.page.locator(".starters button")).not_to_have_count(0)


def _answered(tab: Tab) -> None:
    tab.ask("How are duplicate charges refunded?")
    tab.answered()
    tab.page.locator(".trace summary").last.click()


def _document(tab: Tab) -> None:
    _answered(tab)
    tab.page.locator(".sources button").first.click()
    expect(tab.page.get_by_role("dialog").locator(".document")).not_to_be_empty()


def _person(tab: Tab) -> None:
    tab.page.locator("header").get_by_role("button", name="Talk to a person").click()
    expect(tab.page.get_by_label("Email or phone")).to_be_visible()


def _conversations(tab: Tab) -> None:
    _answered(tab)
    if tab.button("Conversations").is_visible():
        tab.button("Conversations").click()
    tab.page.locator(".threads li").first.hover()


def _editing(tab: Tab) -> None:
    _answered(tab)
    tab.button("This did not help").click()
    tab.button("Edit").click()


# Each is a page and how it comes to be in a state.
STATES: dict[str, tuple[str, Callable[[Tab], None]]] = {
    "empty": ("/", _empty),
    "answered": ("/", _answered),
    "document": ("/", _document),
    "person": ("/", _person),
    "conversations": ("/", _conversations),
    "editing": ("/", _editing),
}


@pytest.fixture(
    scope="module", params=[(1200, "light"), (1200, "dark"), (360, "light"), (360, "dark")], ids=lambda how: f"{how}"
)
def shared_context(request: pytest.FixtureRequest, chrome: Browser) -> Iterator[BrowserContext]:
    """Wide and narrow, light and dark; without movement, whose middle has colours of its own."""
    width, scheme = request.param
    context = chrome.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme, reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('theme', '{scheme}')")
    with opened_for_visitors(context):
        yield context


def _findings(tab: Tab) -> list[str]:
    page = tab.page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    small = [f"small: {one}" for one in page.evaluate(_SMALL)]
    return [*page.evaluate(_FINDINGS), *small, *page.evaluate(_SIDEWAYS)]


@pytest.mark.parametrize("state", STATES)
def test_nothing_serious_is_in_anybodys_way(writing: Provided, open_tab: OpenTab, state: str) -> None:
    path, come = STATES[state]
    tab = open_tab(writing.desk, path).ready()
    come(tab)
    assert "\n".join(_findings(tab)) == ""


def test_nor_where_a_key_is_asked_for(keyed: Provided, open_tab: OpenTab) -> None:
    tab = open_tab(keyed.desk)
    expect(tab.page.get_by_label("Your key")).to_be_visible()
    assert "\n".join(_findings(tab)) == ""


@pytest.fixture(scope="module")
def still_context(chrome: Browser) -> Iterator[BrowserContext]:
    """A wide browser context without movement."""
    context = chrome.new_context(viewport={"width": 1200, "height": 740}, reduced_motion="reduce")
    with opened_for_visitors(context):
        yield context


@pytest.fixture
def tab(writing: Provided, still_context: BrowserContext) -> Iterator[Tab]:
    """A tab whose visitor has no mouse."""
    opened = Tab.open(still_context, writing.desk).ready()
    yield opened
    forget_visitor(still_context)
    assert opened.faults == []


def _focused(tab: Tab) -> str:
    told = "(document.activeElement.ariaLabel || document.activeElement.textContent).trim()"
    return str(tab.page.evaluate(told))


def test_the_keyboard_is_enough(tab: Tab) -> None:
    keyboard = tab.page.keyboard
    question = tab.page.get_by_role("textbox", name="Your question")
    question.focus()
    keyboard.type("How are duplicate charges")
    keyboard.press("Shift+Enter")
    keyboard.type("refunded?")
    expect(question).to_have_value("How are duplicate charges\nrefunded?")
    keyboard.press("Enter")
    tab.answered()
    source = tab.page.get_by_role("button", name="Source 1").first
    source.focus()
    keyboard.press("Enter")
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.locator(".document")).not_to_be_empty()
    assert tab.page.evaluate("document.querySelector('[role=dialog]').contains(document.activeElement)")
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    switch = tab.page.get_by_role("switch")
    switch.focus()
    keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    keyboard.press("Space")
    question.focus()
    keyboard.type("Duplicate charges: please hold")
    keyboard.press("Enter")
    tab.button("Stop").focus()
    keyboard.press("Enter")
    expect(tab.page.get_by_text("You stopped this answer.")).to_be_visible()


def test_tab_goes_from_the_way_past_everything_to_where_to_write(tab: Tab) -> None:
    tab.page.get_by_role("link", name="Skip to the content").focus()
    passed = [_focused(tab)]
    while "Your question" not in passed:
        assert len(passed) < 40, passed
        tab.page.keyboard.press("Tab")
        passed.append(_focused(tab))
    order = ["Skip to the content", "Frontdesk", "Talk to a person", "New conversation", "Search conversations"]
    assert [name for name in passed if name in order] == order


def test_an_answer_is_read_out_once_and_whole(tab: Tab) -> None:
    tab.page.evaluate("""() => {
        window.said = [];
        const region = document.querySelector('.transcript > [aria-live]');
        new MutationObserver(() => window.said.push(region.textContent.trim()))
          .observe(region, {subtree: true, childList: true, characterData: true});
    }""")
    tab.ask("How are duplicate charges refunded?")
    tab.answered()
    said = [one for one in tab.page.evaluate("window.said") if one]
    assert said[0] == "The assistant is answering."
    assert len(said) == 2
    assert "A table" in said[1]
    assert "open" in said[1]
