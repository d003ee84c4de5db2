"""Hostile texts wherever a text of others is shown: nothing runs, nothing loads, nobody is led away."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.backend.agents import SALES
from tests.backend.asking import Provided, provided
from tests.browser.conftest import OpenTab
from tests.browser.payloads import LARGE, PAYLOADS
from tests.browser.watching import WATCH, Watched
from tests.providers.answers import RecordedRequest
from tests.providers.script import Script

# The page shows those conversations whose sessions begin with what its browser is called.
BROWSER = "hostile"
SETTINGS = {"module": "tests.with_pages", "MAX_MESSAGE_CHARS": 200_000, "CALLER_PROMPTS": False}
# So many of them at least are a document with something in it when its HTML is taken away.
MOST = 40
# Each document holds so many of them, so that not every document needs to be opened.
OPENED = 4
# As much of a document as a page shows.
WIDE = 60_000
# A desk takes no documents whose HTML is nested so deep.
READABLE = tuple(text for text in LARGE if not text.startswith("<"))
TEXTS = (*PAYLOADS, *LARGE)
# What reorders a text or is not seen in it, and joiners between Latin letters.
UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[a-z]\u200d")
# A fence that is never closed takes what comes after it with it.
WHOLE = "\n\n".join(sorted(PAYLOADS, key=lambda text: "never closed" in text))
SOURCES = "What does each document say of duplicate charges?"


def _played(request: RecordedRequest) -> Script:
    """Text number n to question number n, all of them in small pieces, or a marker for each source."""
    asked = str(request.body["messages"][-1]["content"]) if request.body else ""
    if "Every text" in asked:
        return Script(tuple(re.findall(r"(?s).{1,40}", WHOLE)))
    if SOURCES in asked:
        return Script(tuple(f"[{number}] " for number in range(1, len(PAYLOADS) + 2)))
    found = re.findall(r"Text number (\d+) of duplicate charges", asked)
    return Script((TEXTS[int(found[-1])],) if found else ("Ready.",))


@pytest.fixture(scope="module")
def hostile(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    """A desk with pages over a model that says what it should not."""
    with provided(indexed, tmp_path_factory.mktemp("hostile"), **SETTINGS) as desk:
        desk.provider.script = _played
        yield desk


@pytest.fixture(scope="module")
def shared_context(shared_context: BrowserContext) -> BrowserContext:
    """A browser whose conversations a test can make through the API."""
    shared_context.add_init_script(WATCH)
    shared_context.add_init_script(f"localStorage.setItem('frontdesk-browser', '{BROWSER}')")
    return shared_context


def _watched(open_tab: OpenTab, desk: Provided, session: str = "", agent: str = "billing") -> Watched:
    watched = Watched.begin(open_tab(desk.desk).ready())
    if session:
        watched.tab.go(f"/c/{session}?agent={agent}")
        watched.tab.ready()
    return watched


def _ask(client: httpx.Client, session: str, message: str, agent: str = "billing") -> str:
    """Returns the conversation."""
    body = {"message": message, "session_id": session}
    asked = client.post(f"/api/agents/{agent}/chat", json=body).raise_for_status()
    return str(asked.json()["thread_id"])


def test_questions_and_answers_stay_text(hostile: Provided, open_tab: OpenTab) -> None:
    session = f"web-{BROWSER}-said"
    with hostile.desk.client() as client:
        for number, text in enumerate(PAYLOADS):
            _ask(client, session, f"Text number {number} of duplicate charges\n\n{text}")
    watched = _watched(open_tab, hostile, session)
    page = watched.tab.page
    expect(page.locator(".answer")).to_have_count(len(PAYLOADS))
    assert watched.offences == []
    assert "<script>window.pwned" in (page.locator(".question").first.text_content() or "")
    assert page.locator(".answer .text").first.text_content() == PAYLOADS[0]
    assert len(hostile.answers) >= len(PAYLOADS)


def test_an_answer_stays_text_while_it_is_written(hostile: Provided, open_tab: OpenTab) -> None:
    watched = _watched(open_tab, hostile)
    watched.tab.ask(f"Every text of duplicate charges: {PAYLOADS[0]}")
    watched.tab.answered()
    assert len(watched.tab.texts) > 5
    assert watched.offences == []


def test_large_answers_do_not_bring_the_page_down(hostile: Provided, open_tab: OpenTab) -> None:
    session = f"web-{BROWSER}-large"
    with hostile.desk.client() as client:
        for number, text in enumerate(LARGE, start=len(PAYLOADS)):
            _ask(client, session, f"Text number {number} of duplicate charges\n\n{text}")
    watched = _watched(open_tab, hostile, session)
    shown = watched.tab.page.locator(".answer .text")
    expect(shown).to_have_count(len(LARGE))
    assert [text for text in shown.all_text_contents() if not text.strip()] == []
    assert watched.offences == []
    watched.tab.ask("How is a duplicate charge refunded?")
    watched.tab.answered(len(LARGE) + 1)
    assert shown.last.text_content() == "Ready."


def test_titles_and_texts_of_documents_stay_text(hostile: Provided, open_tab: OpenTab) -> None:
    session = f"web-{BROWSER}-read"
    with hostile.desk.client() as client:
        for number, text in enumerate(PAYLOADS):
            _upload(client, f"{number}.md", text, "\n\n".join(PAYLOADS[number : number + OPENED]))
        _ask(client, session, SOURCES, "compliance")
    watched = _watched(open_tab, hostile, session, "compliance")
    page = watched.tab.page
    sources = page.locator(".sources button")
    expect(sources.nth(MOST)).to_be_visible()
    dialog = page.get_by_role("dialog")
    for number in range(0, sources.count(), OPENED):
        sources.nth(number).click()
        expect(dialog.locator(".document > *").first).to_be_attached()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert watched.offences == []


# Half a minute of processor time alone, and several minutes on a busy machine.
@pytest.mark.timeout(600)
def test_large_documents_do_not_bring_the_page_down(hostile: Provided, open_tab: OpenTab) -> None:
    """Each is as long as what is shown of a document: nothing of it is fetched, and the page still answers."""
    with hostile.desk.client() as client:
        for number, text in enumerate(READABLE):
            _upload(client, f"large/{number}.md", f"Large {number}", f"{text}\n\n" * (WIDE // len(text)))
    watched = Watched.begin(open_tab(hostile.desk, "/knowledge"))
    page = watched.tab.page
    dialog = page.get_by_role("dialog")
    for number in range(len(READABLE)):
        page.get_by_role("searchbox").fill(f"Large {number}")
        page.locator(".open").filter(has_text=f"large/{number}.md").click()
        expect(dialog.locator(".document")).not_to_be_empty()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert watched.offences == []


def _upload(client: httpx.Client, path: str, title: str, text: str) -> None:
    content = f"---\ntitle: {json.dumps(title)}\n---\n\n{text}\n\nIt says nothing of duplicate charges."
    data = {"folder": "compliance", "path": path}
    client.post("/api/documents", files={"file": (path, content)}, data=data).raise_for_status()


def test_titles_of_conversations_and_names_of_agents_stay_text(hostile: Provided, open_tab: OpenTab) -> None:
    with hostile.desk.client() as client:
        for number, text in enumerate(PAYLOADS):
            line = " ".join(text.split())
            name, title = line[:80].strip(), line[:200].strip()
            agent = "billing" if UNSEEN.search(name) else f"agent_{number}"
            named = client.post("/api/agents", json=SALES | {"id": f"agent_{number}", "name": name, "examples": []})
            _check_name(named, name)
            thread = _ask(client, f"web-{BROWSER}-{number}", line, agent)
            _check_name(client.patch(f"/api/threads/{thread}", json={"title": title}), title)
        shown_names = {agent["name"] for agent in client.get("/api/agents").json()["agents"]}
        total = client.get("/api/threads", params={"session_prefix": f"web-{BROWSER}-"}).json()["total"]
    assert len([text for text in PAYLOADS if " ".join(text.split())[:80].strip() in shown_names]) > MOST
    watched = _watched(open_tab, hostile, f"web-{BROWSER}-0", "agent_0")
    page = watched.tab.page
    items = page.locator(".threads li")
    for shown in range(30, len(PAYLOADS), 30):
        expect(items).to_have_count(shown)
        watched.tab.button("Older").click()
    expect(items).to_have_count(min(shown + 30, total))
    assert watched.offences == []


def _check_name(reply: httpx.Response, name: str) -> None:
    """A name that is not as it looks is refused; any other is kept as it is, whatever it says."""
    if UNSEEN.search(name):
        assert reply.status_code == 422
        assert "must not hold U+" in reply.text
    else:
        reply.raise_for_status()
