"""A source opens its document: drawn, at the passage, with the words of the answer marked."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.backend.asking import Provided, provided
from tests.browser.conftest import OpenTab
from tests.browser.holding import Holding, holding
from tests.browser.install import AXE
from tests.browser.tab import Tab
from tests.providers.script import Script
from tests.serving import Server, serve

CHARGED = "How are duplicate charges refunded?"
LIMITS = "How many requests a minute may a token send before the API answers 429?"
MANUAL = """# Lantern manual

Read [the **short** guide](https://acme.example/guide) &amp; keep it.

| Lantern | Deposit | Note |
| :-- | --: | --- |
| Paper | 37 euros | `fragile` \\| light |
| Copper | 90 euros | heavy |

> A lantern that is returned
> late costs *four euros* a day &mdash; **always**.

```python
def deposit(lantern: str) -> int:
    return {"paper": 37}[lantern]
```

1. Open the hatch.
   - Trim the wick to a length of six millimetres.
2. Close it.
"""
CONTRAST = """async () => (await axe.run('[role=dialog]', {runOnly: ['color-contrast']})).violations
  .flatMap((one) => one.nodes.map((node) => node.html + ' ' + node.failureSummary))"""


# Every text that an open document has had.
WATCH = """window.read = [];
new MutationObserver(() => window.read.push(document.querySelector('.document')?.textContent ?? ''))
  .observe(document, {subtree: true, childList: true, characterData: true});"""


@pytest.fixture(scope="module")
def written(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk with pages whose model says what a test wants, in a folder with the manual in it."""
    with provided(indexed, tmp_path_factory.mktemp("written"), module="tests.with_pages") as desk:
        put(desk.desk, MANUAL)
        yield desk


@pytest.fixture
def dialog(tab: Tab) -> Locator:
    return tab.page.get_by_role("dialog")


def asked(tab: Tab, question: str, agent: str) -> None:
    tab.page.get_by_label("Who answers").select_option(agent)
    tab.ask(question)
    tab.answered()


def opened(tab: Tab, title: str) -> Locator:
    """Returns the document."""
    tab.page.locator(".sources button").filter(has_text=title).first.click()
    document = tab.page.get_by_role("dialog").locator(".document")
    expect(document).not_to_be_empty()
    return document


def put(server: Server, text: str, path: str = "lanterns.md", folder: str = "compliance") -> str:
    """Returns the id of the document."""
    with server.client() as client:
        data = {"folder": folder, "path": path}
        made = client.post("/api/documents", files={"file": (path, text)}, data=data).raise_for_status()
    return str(made.json()["id"])


def test_the_document_of_a_passage_is_drawn_and_shows_what_was_taken_from_it(
    tab: Tab, desk: Server, dialog: Locator
) -> None:
    brass = "Brass is polished by hand in the workshop of the yard. " * 15
    put(desk, f"# Hatches\n\nThe hatch of a lantern opens to the left.\n\n{brass}\n", "h.md", "technical")
    asked(tab, "To which side does the hatch of a lantern open?", "technical")
    source = tab.page.locator(".sources button").filter(has_text="Hatches").first
    document = opened(tab, "Hatches")
    expect(document.get_by_role("heading", name="Hatches")).to_be_visible()
    expect(document.locator("mark")).to_have_text("The hatch of a lantern opens to the left.")
    expect(document.locator("mark")).to_be_in_viewport()
    expect(document.locator(".passage")).to_contain_text("Brass is polished by hand")
    expect(dialog.locator(":focus")).to_have_count(1)
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(source).to_be_focused()


def test_a_whole_document_shows_its_version_and_what_was_taken_from_it(tab: Tab, dialog: Locator) -> None:
    asked(tab, "How is customer data encrypted at rest?", "compliance")
    document = opened(tab, "Privacy")
    expect(dialog).to_contain_text("Version 1")
    expect(document.locator("mark")).to_contain_text(["Data is encrypted at rest with AES-256."])


def test_rows_of_a_table_are_marked_in_their_cells_also_after_a_reload(tab: Tab) -> None:
    asked(tab, "What does the Team plan cost per month?", "billing")
    for _ in range(2):
        document = opened(tab, "Prices")
        expect(document.locator("td mark").filter(has_text="12 USD")).to_have_count(1)
        expect(document.locator("tr > mark, tbody > mark, table > mark")).to_have_count(0)
        tab.page.reload()
        tab.answered()


def test_items_of_a_list_are_marked(tab: Tab) -> None:
    asked(tab, CHARGED, "billing")
    marks = opened(tab, "Refunds").locator("ol > li mark")
    assert "Settings > Billing > Invoices" in "".join(marks.all_text_contents())
    expect(marks.filter(has_text=re.compile("^Settings > Billing > Invoices$"))).to_have_css("font-weight", "700")


def test_marks_follow_what_is_drawn_and_not_how_it_is_written(written: Provided, open_tab: OpenTab) -> None:
    """An answer that quotes all of a document has all of its text marked: escapes, entities, cells, code, nesting."""
    document = manual(written, open_tab(written.desk).ready(), f"{MANUAL}\n\n[1] [2]")
    text = re.sub(r"\s|Copy", "", document.inner_text())
    marked = "".join(document.locator("mark").all_text_contents())
    assert re.sub(r"\s", "", marked) == text
    expect(document.locator("td code mark")).to_have_text("fragile")
    expect(document.locator("pre mark").filter(has_text=re.compile("^def$"))).to_have_count(1)
    expect(document.locator("a mark")).to_have_count(3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_marked_can_be_read(written: Provided, open_tab: OpenTab, chrome: Browser, scheme: str) -> None:
    context = chrome.new_context(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    context.add_init_script(f"localStorage.setItem('theme', '{scheme}')")
    for said in (f"{MANUAL}\n\n[1] [2]", "Otherwise. [1] [2]"):
        page = manual(written, open_tab(written.desk, browser=context).ready(), said).page
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(CONTRAST) == []
    context.close()


def manual(written: Provided, tab: Tab, said: str) -> Locator:
    """The manual, open at what an answer takes from it."""
    written.provider.script = Script((said,))
    asked(tab, "What is the deposit for a lantern?", "compliance")
    return opened(tab, "Lantern manual")


def test_a_document_that_has_changed_or_is_gone(tab: Tab, desk: Server, dialog: Locator) -> None:
    lamp = "# Lamps\n\nA lamp of brass is lent for eleven weeks.\n"
    document_id = put(desk, lamp, "lamps.md", "general")
    asked(tab, "For how long is a lamp of brass lent?", "general")
    expect(opened(tab, "Lamps").locator("mark")).to_have_text("A lamp of brass is lent for eleven weeks.")
    tab.page.keyboard.press("Escape")
    put(desk, lamp.replace("A lamp of brass is lent for eleven weeks", "Nothing is lent"), "lamps.md", "general")
    expect(opened(tab, "Lamps")).to_contain_text("Nothing is lent.")
    expect(dialog.get_by_role("status")).to_contain_text("has changed since: the answer was written from version 1.")
    expect(dialog).to_contain_text("Version 2")
    expect(dialog.locator("blockquote")).to_have_text("A lamp of brass is lent for eleven weeks.")
    tab.page.keyboard.press("Escape")
    with desk.client() as client:
        client.delete(f"/api/documents/{document_id}").raise_for_status()
    expect(opened(tab, "Lamps")).to_have_text("A lamp of brass is lent for eleven weeks.")
    expect(dialog.get_by_role("alert")).to_contain_text("This document is no longer there.")


def test_of_a_large_document_the_place_is_shown(tab: Tab, desk: Server) -> None:
    rows = "".join(f"| Part number {row} | Shelf {row + 7} |\n" for row in range(6_000))
    put(desk, f"# Parts\n\n| Part | Place |\n| --- | --- |\n{rows}", "parts.md", "technical")
    asked(tab, "On which shelf is part number 4321?", "technical")
    document = opened(tab, "Parts")
    expect(document.locator(".left-out")).to_have_count(2)
    expect(document.locator("th")).to_have_text(["Part", "Place"])
    expect(document.locator("td mark").filter(has_text="Part number 4321")).to_be_in_viewport()


@pytest.fixture
def held(desk: Server, tmp_path: Path) -> Iterator[tuple[Server, Holding]]:
    """The pages of another process, before which documents are held back."""
    with holding(desk.url) as relay, serve(tmp_path / "data", "tests.with_pages", API_URL=relay.url) as pages:
        yield pages, relay


def test_a_reply_that_comes_too_late_is_not_shown(
    open_tab: OpenTab, desk: Server, held: tuple[Server, Holding]
) -> None:
    pages, relay = held
    tab = open_tab(pages, "/knowledge")
    tab.page.evaluate(WATCH)
    dialog, document = tab.page.get_by_role("dialog"), tab.page.locator(".document")
    first, other = (tab.page.locator(".open").filter(has_text=path) for path in ("refunds.md", "prices.md"))
    with desk.client() as client:
        (refunds,) = (one["id"] for one in client.get("/api/documents").json()["documents"] if "refunds" in one["path"])
    late = relay.hold(f"/api/documents/{refunds}")
    first.click()
    late.wait()
    expect(dialog.get_by_role("status")).to_have_text("Opening the document")
    # What takes its time does not hold up the rest of the page.
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    other.click()
    expect(document).to_contain_text("Starter")
    late.go_on()
    for _ in range(2):
        tab.page.keyboard.press("Escape")
        other.click()
        expect(document).to_contain_text("Starter")
    assert [text for text in tab.page.evaluate("window.read") if "duplicate charge" in text] == []
