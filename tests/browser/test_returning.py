"""A page keeps hold of its conversation, whatever happens to the page, its socket and the desk."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.backend.asking import HELD, QUICK, as_asked
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.browser.wire import Wire
from tests.provided import at_openai
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server, serve

SLOW = "Duplicate charges: please write slowly"
WHOLE = " ".join(f"word{number}" for number in range(60))
WORDS = "word0 word1 word2"
CHARGED = "How are duplicate charges refunded?"
MANY = 8


@pytest.fixture
def tab(open_tab: OpenTab, scripted: Server, provider: OpenAIServer) -> Tab:
    provider.script = as_asked
    return open_tab(scripted).ready()


def begun(tab: Tab) -> None:
    """Some words of a long answer are on the page."""
    expect(tab.page.locator("article.answer .text").last).to_contain_text("word5 ")


def test_the_socket_is_lost_in_the_middle_of_an_answer(
    open_tab: OpenTab, scripted: Server, provider: OpenAIServer
) -> None:
    provider.script = as_asked
    with Wire(scripted.port) as wire:
        tab = open_tab(replace(scripted, url=wire.url)).ready()
        tab.ask(SLOW)
        begun(tab)
        wire.cut()
        assert tab.answered() == WHOLE
        tab.ask(QUICK)
        assert tab.answered(2) == "A short answer."
        expect(tab.page.locator(".question")).to_have_count(2)
        tab.faults.clear()


def test_a_desk_that_is_killed_comes_back_under_an_open_page(
    open_tab: OpenTab, indexed: Path, chrome: Browser, tmp_path: Path, provider: OpenAIServer
) -> None:
    provider.script = as_asked
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    settings = {
        "SUPERVISOR_MODEL": "embedded",
        "WORKER_MODEL": "openai:gpt-4o-mini",
        "ANSWER_THRESHOLD": 0,
    } | at_openai(provider)
    with serve(data, "tests.with_pages", **settings) as first:
        tab = open_tab(first).ready()
        tab.ask(QUICK)
        assert tab.answered() == "A short answer."
        tab.ask(SLOW)
        begun(tab)
        first.kill()
        expect(tab.page.get_by_text("Connection lost.")).to_be_visible()
        tab.ask(QUICK)
        with serve(data, "tests.with_pages", PORT=first.port, **settings):
            assert tab.answered(3) == "A short answer."
            expect(tab.page.get_by_text("Connection lost.")).to_have_count(0)
            expect(tab.page.locator("article.answer .text").nth(1)).to_have_text(WHOLE)
            expect(tab.page.locator(".question")).to_have_count(3)
            expect(tab.page.locator(".threads li")).to_have_count(1)
            tab.page.reload()
            assert tab.answered(3) == "A short answer."
    tab.faults.clear()


def test_the_way_to_another_page_and_back(tab: Tab) -> None:
    tab.ask(SLOW)
    begun(tab)
    pages = tab.page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Agents").click()
    expect(tab.page.get_by_role("heading", name="Agents")).to_be_visible()
    pages.get_by_role("link", name="Chat").click()
    assert tab.answered() == WHOLE


def test_what_is_written_and_not_sent_is_kept(tab: Tab) -> None:
    box = tab.page.get_by_role("textbox", name="Your question")
    box.fill("A half-written quest")
    pages = tab.page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Agents").click()
    expect(tab.page.get_by_role("heading", name="Agents")).to_be_visible()
    pages.get_by_role("link", name="Chat").click()
    expect(box).to_have_value("A half-written quest")
    tab.ask(QUICK)
    tab.answered()
    tab.page.reload()
    tab.answered()
    expect(box).to_have_value("")


def test_a_whole_answer_under_way_is_found_again(tab: Tab, provider: OpenAIServer) -> None:
    provider.script = Script(tuple(f"word{number} " for number in range(60)), gap_seconds=0.1)
    tab.page.get_by_role("switch").click()
    tab.ask(SLOW)
    expect(tab.page.get_by_text("Writing the whole answer")).to_be_visible()
    expect(tab.page).to_have_url(re.compile("/c/"))
    tab.page.reload()
    assert tab.answered() == WHOLE
    expect(tab.page.locator(".question")).to_have_count(1)


def test_who_turns_away_finds_both_answers(tab: Tab) -> None:
    """What waits behind an answer is asked, though the page shows another conversation."""
    tab.ask(SLOW)
    begun(tab)
    tab.ask(QUICK)
    expect(tab.page.get_by_text(f"Asked next: {QUICK}")).to_be_visible()
    first = tab.session
    tab.button("New conversation").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    tab.ask(HELD)
    expect(tab.page.locator("article.answer .text")).to_have_text(WORDS)
    tab.button("Stop").click()
    expect(tab.page.get_by_text("You stopped this answer.")).to_be_visible()
    assert "word5" not in tab.page.locator(".conversation").inner_text()
    # The first goes on: that one was not stopped.
    tab.go(f"/c/{first}")
    assert tab.answered(2) == "A short answer."
    expect(tab.page.locator("article.answer .text").first).to_have_text(WHOLE)


def test_each_of_many_questions_sent_in_one_moment_is_answered(tab: Tab) -> None:
    tab.page.evaluate(
        """(many) => {
            const box = document.querySelector('textarea#message');
            const write = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
            for (let number = 0; number < many; number++) {
                write.call(box, `How are duplicate charges refunded, ${number}?`);
                box.dispatchEvent(new Event('input', {bubbles: true}));
                box.form.requestSubmit();
            }
        }""",
        MANY,
    )
    assert tab.answered(MANY) == "A short answer."
    asked = [one.removesuffix("Edit").strip() for one in tab.page.locator(".question").all_inner_texts()]
    assert asked == [f"How are duplicate charges refunded, {number}?" for number in range(MANY)]


_CHOOSE = """const who = document.querySelector('select');
who.value = 'compliance';
who.dispatchEvent(new Event('change', {bubbles: true}));"""
_SEND = f"""const box = document.querySelector('textarea#message');
box.value = '{QUICK}';
box.form.requestSubmit();"""


@pytest.mark.parametrize(("steps", "agent"), [((_CHOOSE, _SEND), "compliance"), ((_SEND, _CHOOSE), "")])
def test_a_question_sent_in_the_moment_of_a_choice_is_answered(tab: Tab, steps: tuple[str, str], agent: str) -> None:
    """By whoever was chosen when it was sent."""
    tab.page.evaluate(f"() => {{ {' '.join(steps)} }}")
    if not agent:
        expect(tab.page).to_have_url(re.compile("agent=compliance"))
        tab.page.get_by_label("Who answers").select_option("supervisor")
    assert tab.answered() == "A short answer."
    expect(tab.page).to_have_url(re.compile(r"\?agent=compliance$" if agent else "/c/[^?]+$"))


def test_asking_again_is_refused_and_nothing_is_lost(tab: Tab) -> None:
    """Somebody else has gone on in this conversation, so that its last answer on the page is not the last."""
    tab.ask(QUICK)
    tab.answered()
    with tab.server.client() as client:
        client.post("/chat", json={"message": CHARGED, "session_id": tab.session}).raise_for_status()
    tab.button("Ask again").click()
    expect(tab.page.get_by_role("alert")).to_be_visible()
    assert tab.answered(2) == "A short answer."
    expect(tab.page.locator(".question p")).to_have_text([QUICK, CHARGED])
    tab.button("Ask again").click()
    expect(tab.page.locator("article.answer")).to_have_count(2)
    assert tab.answered(2) == "A short answer."


def test_a_failed_answer_is_still_there_after_a_reload(tab: Tab, provider: OpenAIServer) -> None:
    provider.script = Script((), fault=Fault.BAD_REQUEST)
    tab.ask(QUICK)
    expect(tab.page.get_by_role("alert")).to_be_visible()
    tab.page.reload()
    failure = tab.page.get_by_role("alert")
    expect(failure).to_be_visible()
    provider.script = as_asked
    failure.get_by_role("button", name="Try again").click()
    expect(tab.page.locator("article.answer .text")).to_have_text("A short answer.")
    expect(tab.page.locator(".question")).to_have_count(1)


def test_one_agent_has_a_conversation_of_its_own(tab: Tab) -> None:
    tab.ask(QUICK)
    tab.answered()
    who = tab.page.get_by_label("Who answers")
    who.select_option("compliance")
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    tab.ask("Where is customer data stored?")
    tab.answered()
    expect(tab.page.locator(".badge")).to_have_text("Compliance and privacy")
    expect(tab.page).to_have_url(re.compile(r"\?agent=compliance$"))
    tab.page.reload()
    tab.ready().answered()
    expect(who).to_have_value("compliance")
    expect(tab.page.locator(".question")).to_have_text("Where is customer data stored?Edit")
    expect(tab.page.locator(".threads li")).to_have_count(2)
    who.select_option("supervisor")
    expect(tab.page.locator(".question")).to_have_text(f"{QUICK}Edit")
    expect(tab.page).not_to_have_url(re.compile("agent="))


def test_messages_before_the_last_two_hundred_are_a_button_away(tab: Tab) -> None:
    session = "a-long-conversation"
    with tab.server.client() as client:
        for number in range(110):
            body = {"message": f"How are duplicate charges refunded, {number}?", "session_id": session}
            client.post("/chat", json=body).raise_for_status()
    tab.go(f"/c/{session}")
    expect(tab.page.locator(".question")).to_have_count(100)
    tab.button("Earlier messages").dblclick()
    expect(tab.page.locator(".question")).to_have_count(110)
    expect(tab.page.locator(".question").first).to_contain_text("refunded, 0?")
    expect(tab.button("Earlier messages")).to_have_count(0)


def test_back_leads_to_the_conversation_before(tab: Tab) -> None:
    tab.ask(QUICK)
    tab.answered()
    first = tab.session
    tab.button("New conversation").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    tab.ask(CHARGED)
    tab.answered()
    second = tab.session
    tab.page.go_back()
    expect(tab.page.locator(".question p")).to_have_text(QUICK)
    expect(tab.page).to_have_url(re.compile(rf"/c/{first}(\?|$)"))
    tab.page.go_forward()
    expect(tab.page.locator(".question p")).to_have_text(CHARGED)
    expect(tab.page).to_have_url(re.compile(rf"/c/{second}(\?|$)"))


def test_half_of_a_character_is_no_end_of_the_page(tab: Tab) -> None:
    tab.page.get_by_role("textbox", name="Your question").evaluate(
        "(box) => { box.value = 'duplicate \\ud83d charges?' }"
    )
    tab.page.get_by_role("textbox", name="Your question").press("Enter")
    assert tab.answered() == "A short answer."
    expect(tab.page.locator(".question p")).to_have_text("duplicate \ufffd charges?")


def test_a_question_that_has_no_room_stays_where_it_was_written(tab: Tab) -> None:
    tab.ask(HELD)
    expect(tab.page.locator("article.answer .text")).to_contain_text(WORDS)
    for number in range(MANY):
        tab.ask(f"{CHARGED} {number}")
        expect(tab.page.locator(".next")).to_contain_text(f"{CHARGED} {number}")
    tab.ask("One too many")
    expect(tab.page.get_by_role("alert")).to_contain_text("So many questions wait already")
    expect(tab.page.get_by_role("textbox", name="Your question")).to_have_value("One too many")
    tab.button("Stop").click()
    tab.answered(MANY + 1)
