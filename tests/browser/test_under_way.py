"""Answers that take their time, break off, fail or are given up, with a scripted model behind the desk."""

import pytest
from playwright.sync_api import expect

from tests.backend.asking import HELD, QUICK, as_asked
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.providers.answers import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server

SLOW = "Duplicate charges: please write slowly"
WORDS = "word0 word1 word2"


@pytest.fixture
def tab(open_tab: OpenTab, scripted: Server, provider: OpenAIServer) -> Tab:
    provider.script = as_asked
    return open_tab(scripted).ready()


def test_many_words_are_seen_coming(tab: Tab) -> None:
    tab.ask(SLOW)
    tab.answered()
    assert len(tab.texts) >= 20
    assert all(after.startswith(before.rstrip()) for before, after in zip(tab.texts, tab.texts[1:], strict=False))


def test_without_streaming_there_is_a_wait_that_shows_and_one_text(tab: Tab) -> None:
    tab.page.get_by_role("switch").click()
    tab.ask(SLOW)
    expect(tab.page.get_by_text("Writing the whole answer")).to_be_visible()
    assert "word59" in tab.answered()
    assert len(tab.texts) == 1


def test_an_answer_is_stopped(tab: Tab) -> None:
    tab.ask(HELD)
    expect(tab.page.locator("article.answer .text")).to_contain_text(WORDS)
    tab.button("Stop").click()
    assert tab.answered() == WORDS
    expect(tab.page.get_by_text("You stopped this answer.")).to_be_visible()
    tab.ask(QUICK)
    assert tab.answered(2) == "A short answer."


def test_a_whole_answer_is_stopped(tab: Tab) -> None:
    tab.page.get_by_role("switch").click()
    tab.ask(HELD)
    expect(tab.page.get_by_text("Writing the whole answer")).to_be_visible()
    tab.button("Stop").click()
    expect(tab.page.get_by_text("You stopped this answer.")).to_be_visible()
    tab.ask(QUICK)
    expect(tab.page.locator("article.answer .text").last).to_have_text("A short answer.")


@pytest.mark.parametrize("how", ["stopped", "broken"])
def test_a_whole_answer_that_did_not_come_is_replaced(tab: Tab, provider: OpenAIServer, how: str) -> None:
    tab.page.get_by_role("switch").click()
    if how == "stopped":
        tab.ask(HELD)
        expect(tab.page.get_by_text("Writing the whole answer")).to_be_visible()
        tab.button("Stop").click()
        expect(tab.page.get_by_text("You stopped this answer.")).to_be_visible()
    else:
        provider.script = Script((), fault=Fault.BAD_REQUEST)
        tab.ask(SLOW)
        expect(tab.page.get_by_role("alert")).to_be_visible()
        provider.script = as_asked
    tab.button("Edit").click()
    editor = tab.page.get_by_label("Edit your question").get_by_label("Your question")
    editor.fill(QUICK)
    editor.press("Enter")
    expect(tab.page.locator("article.answer .text")).to_have_text("A short answer.")
    tab.page.reload()
    assert tab.answered() == "A short answer."
    expect(tab.page.locator(".question")).to_have_text(f"{QUICK}Edit")


def test_what_is_sent_meanwhile_is_asked_next(tab: Tab) -> None:
    tab.ask(HELD)
    expect(tab.page.locator("article.answer .text")).to_contain_text(WORDS)
    tab.ask(QUICK)
    expect(tab.page.get_by_text(f"Asked next: {QUICK}")).to_be_visible()
    tab.button("Stop").click()
    assert tab.answered(2) == "A short answer."
    expect(tab.page.get_by_text("Asked next")).to_have_count(0)


def test_a_page_that_is_loaded_again_goes_on_where_the_answer_is(tab: Tab) -> None:
    tab.ask(SLOW)
    expect(tab.page.locator("article.answer .text")).to_contain_text("word5 ")
    tab.page.reload()
    whole = " ".join(f"word{number}" for number in range(60))
    assert tab.answered() == whole
    tab.page.reload()
    assert tab.answered() == whole


def test_another_conversation_meanwhile_is_not_disturbed(tab: Tab) -> None:
    tab.ask(SLOW)
    expect(tab.page.locator("article.answer .text")).to_contain_text("word5 ")
    tab.button("New conversation").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    tab.ask(QUICK)
    assert tab.answered() == "A short answer."
    assert "word" not in tab.page.locator(".conversation").inner_text()


def test_the_last_question_is_asked_again(tab: Tab, provider: OpenAIServer) -> None:
    tab.ask(QUICK)
    assert tab.answered() == "A short answer."
    provider.script = Script(("Another ", "answer."))
    tab.button("Ask again").click()
    expect(tab.page.locator("article.answer .text")).to_have_text("Another answer.")
    assert tab.answered() == "Another answer."
    tab.page.reload()
    assert tab.answered() == "Another answer."
    expect(tab.page.locator(".question")).to_have_count(1)


def test_the_last_question_is_changed(tab: Tab, provider: OpenAIServer) -> None:
    tab.ask("How are duplicate chargs refunded?")
    tab.answered()
    provider.script = Script(("To ", "the ", "card."))
    tab.button("Edit").click()
    editor = tab.page.get_by_label("Edit your question").get_by_label("Your question")
    expect(editor).to_have_value("How are duplicate chargs refunded?")
    editor.fill(QUICK)
    editor.press("Enter")
    expect(tab.page.locator("article.answer .text")).to_have_text("To the card.")
    expect(tab.page.locator(".question")).to_have_text(f"{QUICK}Edit")
    tab.page.reload()
    assert tab.answered() == "To the card."
    expect(tab.page.locator(".question")).to_have_count(1)


def test_a_failed_answer_says_so_and_is_tried_again(tab: Tab, provider: OpenAIServer) -> None:
    provider.script = Script((), fault=Fault.BAD_REQUEST)
    tab.ask(QUICK)
    failure = tab.page.get_by_role("alert")
    expect(failure).to_be_visible()
    assert "Traceback" not in failure.inner_text()
    provider.script = as_asked
    failure.get_by_role("button", name="Try again").click()
    expect(tab.page.locator("article.answer .text")).to_have_text("A short answer.")
    expect(failure).to_have_count(0)


def test_what_was_withdrawn_is_gone_from_the_page(tab: Tab, provider: OpenAIServer) -> None:
    """The first model breaks off behind some words; the second one gives another answer."""

    def second_is_whole(request: RecordedRequest) -> Script:
        if request.body and request.body["model"] == "gpt-4o":
            return Script(("The ", "right ", "ones."), gap_seconds=0.05)
        return Script(("Wrong ", "words ", "here "), gap_seconds=0.1, fault=Fault.NO_FINISH, at=3)

    provider.script = second_is_whole
    tab.ask(QUICK)
    expect(tab.page.locator("article.answer .text")).to_have_text("The right ones.")
    assert any(text.startswith("Wrong") for text in tab.texts)
    assert tab.answered() == "The right ones."
