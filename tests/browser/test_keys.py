"""A desk with keys: who signs in sees what is theirs, and leaves nothing behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.backend.asking import HELD, as_asked, as_user, key_of, keys
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.provided import at_openai
from tests.providers.openai import OpenAIServer
from tests.serving import Server, serve

ASKED = {"ann": "How are duplicate charges refunded, asks Ann?", "bob": "Is a duplicate charge refunded to Bob?"}


@pytest.fixture(scope="module")
def keyed(
    chrome: Browser, indexed: Path, provider: OpenAIServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A desk that answers Ann and Bob alone."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("keyed") / "data"))
    settings = {
        "SUPERVISOR_MODEL": "embedded",
        "WORKER_MODEL": "openai:gpt-4o-mini",
        "ANSWER_THRESHOLD": 0,
        "API_KEYS": keys(*ASKED),
    }
    with serve(data, "tests.with_pages", **settings | at_openai(provider)) as server:
        yield server


def sign_in(tab: Tab, name: str) -> Tab:
    tab.page.get_by_label("Your key").fill(key_of(name))
    tab.page.keyboard.press("Enter")
    return tab.ready()


def test_each_sees_their_own_conversations_alone(chrome: Browser, open_tab: OpenTab, keyed: Server) -> None:
    tabs: dict[str, Tab] = {}
    browsers = {name: chrome.new_context() for name in ASKED}
    for name, question in ASKED.items():
        tabs[name] = tab = sign_in(open_tab(keyed, browser=browsers[name]), name)
        tab.ask(question)
        tab.answered()
    addresses = {name: tab.page.url for name, tab in tabs.items()}
    for name, other in (("ann", "bob"), ("bob", "ann")):
        tab = tabs[name]
        tab.page.reload()
        tab.ready().answered()
        expect(tab.page.locator(".threads li")).to_have_count(1)
        assert ASKED[other] not in tab.page.content()
        with as_user(keyed, name) as client:
            assert [one["session_id"] for one in client.get("/api/threads").json()["threads"]] == [tab.session]
        tab.page.goto(addresses[other])
        expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
        assert ASKED[other] not in tab.page.content()
    for browser in browsers.values():
        browser.close()


def test_who_signs_out_leaves_nothing_on_the_page(open_tab: OpenTab, keyed: Server) -> None:
    tab = sign_in(open_tab(keyed), "ann")
    tab.ask(ASKED["ann"])
    tab.answered()
    expect(tab.page.locator(".threads li").first).to_be_visible()
    tab.button("Sign out").click()
    expect(tab.page.get_by_label("Your key")).to_be_visible()
    expect(tab.button("Sign out")).to_have_count(0)
    assert ASKED["ann"] not in tab.page.content()
    tab.page.reload()
    sign_in(tab, "bob")
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    expect(tab.page.locator(".threads li", has_text="asks Ann")).to_have_count(0)


def test_what_waits_is_asked_in_the_name_of_whoever_sent_it(
    open_tab: OpenTab, keyed: Server, provider: OpenAIServer
) -> None:
    """Though somebody else has signed in on the same page since."""
    provider.script = as_asked
    tab = sign_in(open_tab(keyed), "ann")
    tab.ask(HELD)
    expect(tab.page.locator("article.answer .text")).to_contain_text("word2")
    waiting = "Ann asks: how are duplicate charges refunded?"
    tab.ask(waiting)
    expect(tab.page.get_by_text(f"Asked next: {waiting}")).to_be_visible()
    with as_user(keyed, "ann") as client:
        (running,) = (one for one in client.get("/api/threads").json()["threads"] if one["title"] == HELD)
    tab.page.get_by_role("textbox", name="Your question").fill("Something of Ann's")
    tab.button("Sign out").click()
    sign_in(tab, "bob")
    expect(tab.page.get_by_role("textbox", name="Your question")).to_have_value("")
    with as_user(keyed, "ann") as client:
        run = client.get(f"/api/threads/{running['id']}").json()["history"][0]["run_id"]
        client.post(f"/runs/{run}/cancel").raise_for_status()
        tab.until(lambda: waiting in client.get(f"/api/threads/{running['id']}").text)
    with as_user(keyed, "bob") as client:
        assert waiting not in client.get("/api/threads").text
    assert waiting not in tab.page.content()


def test_who_signs_out_leaves_the_other_tabs_too(open_tab: OpenTab, keyed: Server) -> None:
    tab = sign_in(open_tab(keyed), "ann")
    other = open_tab(keyed, "/agents")
    expect(other.button("Sign out")).to_be_visible()
    tab.button("Sign out").click()
    expect(other.page.get_by_label("Your key")).to_be_visible()


def test_a_wrong_key_is_asked_for_again(open_tab: OpenTab, keyed: Server) -> None:
    tab = open_tab(keyed)
    for key in ("fd-nobody-0123456789", "schlüssel"):
        tab.page.get_by_label("Your key").fill(key)
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_text("Key not recognised.")).to_be_visible()
        tab.page.reload()
    sign_in(tab, "ann")
