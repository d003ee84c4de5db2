"""Links of an answer: those of its sources as they are, all others with the host that they lead to."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.backend.asking import Provided, provided
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.browser.wire import Wire
from tests.providers.script import Script
from tests.serving import Server
from ui.runtime import identity

KNOWN = "https://help.desk.example/refunds"
SECRET = "something that the visitor of this page was told"
# What the model writes, and what a visitor reads of it.
ANSWER = (
    f"[Refunds]({KNOWN}) are described there [1][2][3][4][5]. "
    "[Bank](https://evil.example/login), [https://bank.example](https://evil.example/login), "
    "[bank.example](https://bank.example@evil.example/x), [(bank.example)](http://evil.example:8080/), "
    "https://bank.example@evil.example/y, https://open.example/page, www.open.example, "
    "[bаnk.example](https://bаnk.example/), [mail](mailto:thief@evil.example), "
    "![a picture](https://evil.example/p.png), "
    "[run](javascript:alert(1)), [data](data:text/html,x), [here](/c/x), "
    "[Refunds again](https://help.desk.example/refunds-now)."
)
READ = (
    "Refunds are described there. "
    "Bank (evil.example), https://bank.example (evil.example), "
    "bank.example (evil.example), (bank.example) (evil.example:8080), "
    "https://bank.example@evil.example/y (evil.example), https://open.example/page, www.open.example, "
    "bаnk.example (xn--bnk-6cd.example), mail (thief@evil.example), a picture (evil.example), "
    "run, data, here, "
    "Refunds again (help.desk.example)."
)


@pytest.fixture(scope="module")
def desk(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    base = tmp_path_factory.mktemp("links")
    with provided(indexed, base, module="tests.with_pages", CALLER_PROMPTS=False) as desk:
        desk.provider.script = lambda _: Script(tuple(re.findall(r"(?s).{1,30}", ANSWER)))
        text = f"# Refunds\n\nDuplicate charges are refunded; see [the page]({KNOWN}) about refunds."
        with desk.desk.client() as client:
            put = {"file": ("refunds.md", text.encode(), "text/markdown")}
            client.post(
                "/api/documents", data={"folder": "billing", "path": "refunds.md"}, files=put
            ).raise_for_status()
        yield desk


def test_a_link_of_no_source_says_where_it_leads(desk: Provided, open_tab: OpenTab) -> None:
    tab = open_tab(desk.desk).ready()
    tab.ask("Where are refunds of duplicate charges described?")
    assert _read(tab) == READ
    # The same when it is read again, and where it is stored.
    tab.page.reload()
    assert _read(tab) == READ
    links = tab.page.locator(".answer .text a")
    assert "javascript" not in str([link.get_attribute("href") for link in links.all()])
    assert {link.get_attribute("rel") for link in links.all()} == {"noopener noreferrer nofollow"}


def test_a_page_that_is_loaded_again_is_the_same_and_its_token_alone_opens_nothing(
    desk: Provided, context: BrowserContext, chrome: Browser, open_tab: OpenTab
) -> None:
    with Wire(desk.desk.port) as wire:
        tab = open_tab(Server(wire.url, desk.desk.port, desk.desk.data_dir, desk.desk.process)).ready()
        cookie = next(one for one in context.cookies() if one["name"] == identity.COOKIE)
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert identity.COOKIE not in tab.page.evaluate("document.cookie")
        tab.ask(SECRET)
        tab.answered()
        path, token = tab.page.evaluate("location.pathname"), tab.page.evaluate("sessionStorage.token")
        tab.page.reload()
        tab.answered()
        assert tab.page.evaluate("sessionStorage.token") == token
        # A stranger who has read the token in a log, while the page's own socket is lost.
        wire.cut()
        other = chrome.new_context()
        other.add_init_script(f"sessionStorage.setItem('token', {json.dumps(token)})")
        strangers = open_tab(desk.desk, "/", other).ready()
        expect(strangers.page.locator(".answer")).to_have_count(0)
        assert SECRET not in strangers.page.content()
        assert strangers.page.evaluate("sessionStorage.token") == token
        other.close()
        tab.until(lambda: SECRET in tab.page.content())
        assert tab.page.evaluate("location.pathname") == path
        tab.ask("And once more, are refunds of duplicate charges described?")
        tab.answered(2)
        tab.faults.clear()


def _read(tab: Tab) -> str:
    """The text of the answer without the numbers of its sources."""
    return re.sub(r"there[\s\d\[\]]*\.", "there.", tab.answered())
