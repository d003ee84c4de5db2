"""A conversation on the page, with the embedded model."""

import re

from playwright.sync_api import Browser, expect

from agents.conversation.wordings.english import ENGLISH_WORDING
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab
from tests.serving import Server

CHARGED = "How are duplicate charges refunded?"
UPLOAD = "Why does the Upload API answer 413?"
UNKNOWN = "Do you deliver pizza to the moon?"


def test_an_answer_appears_as_it_is_written(tab: Tab) -> None:
    tab.ask(CHARGED)
    assert "5 to 10 working days" in tab.answered()
    assert len(tab.texts) >= 5
    assert len(tab.texts[0]) < len(tab.texts[-1])
    expect(tab.page.locator(".badge")).to_have_text("Billing")


def test_without_streaming_it_appears_at_once_and_that_is_remembered(tab: Tab) -> None:
    switch = tab.page.get_by_role("switch", name="Stream answers")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    tab.ask(CHARGED)
    assert "5 to 10 working days" in tab.answered()
    assert len(tab.texts) == 1
    tab.page.reload()
    expect(switch).to_have_attribute("aria-checked", "false")
    tab.ready().ask(UPLOAD)
    tab.answered(2)
    assert len(tab.texts) == 2, tab.texts


def test_the_address_holds_the_conversation(tab: Tab, open_tab: OpenTab) -> None:
    tab.ask(CHARGED)
    tab.answered()
    tab.ask(UPLOAD)
    said = tab.answered(2)
    tab.page.reload()
    assert tab.answered(2) == said
    expect(tab.page).to_have_title(f"{CHARGED} · Frontdesk")
    shared = open_tab(tab.server, f"/c/{tab.session}").ready()
    assert shared.answered(2) == said


def test_what_is_asked_before_the_page_is_loaded_is_not_lost(tab: Tab) -> None:
    tab.ask(CHARGED)
    said = tab.answered()
    for number in (2, 3):
        tab.page.reload()
        tab.ask(CHARGED)
        assert tab.answered(number) == said


def test_a_source_opens_its_document_at_the_passage(tab: Tab) -> None:
    tab.ask(CHARGED)
    tab.answered()
    tab.page.get_by_role("button", name=re.compile("Source 1")).first.click()
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.locator(".document").get_by_role("heading", name="Refunds")).to_be_visible()
    expect(dialog.locator("mark").first).to_contain_text("5 to 10 working days")
    expect(dialog.locator("mark").first).to_be_in_viewport()
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tab.page.get_by_role("button", name="Source 1").first).to_be_focused()
    # What is under an answer is still there after a reload.
    tab.page.reload()
    tab.answered()
    tab.page.locator(".sources button").first.click()
    expect(dialog.locator("mark").first).to_contain_text("5 to 10 working days")


def test_what_is_not_known_offers_a_person(tab: Tab) -> None:
    tab.ask(UNKNOWN)
    assert ENGLISH_WORDING.unknown in tab.answered()
    tab.page.locator(".handoff").get_by_role("button", name="Talk to a person").click()
    tab.page.get_by_label("Email or phone").fill("ada@example.com")
    tab.page.get_by_label("What you would like to add").fill("It is urgent.")
    tab.page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(tab.page.get_by_role("dialog").get_by_text("A person will get in touch")).to_be_visible()
    tab.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(tab.page.locator(".handoff")).to_have_count(0)
    expect(tab.page.get_by_text("Request sent. A person will get in touch with you.")).to_be_visible()
    with tab.server.client() as client:
        waiting = client.get("/api/handovers").json()["handovers"]
    assert [one["contact"] for one in waiting if one.get("contact")] == ["ada@example.com"]


def test_feedback_is_stored(tab: Tab) -> None:
    tab.ask(CHARGED)
    tab.answered()
    tab.button("This did not help").click()
    comment = tab.page.get_by_label("What was good or bad about it")
    comment.fill("Too short")
    comment.press("Enter")
    expect(comment).to_have_count(0)

    def stored() -> bool:
        with tab.server.client() as client:
            threads = client.get("/api/threads", params={"session_prefix": tab.session}).json()["threads"]
            history = client.get(f"/api/threads/{threads[0]['id']}").json()["history"]
        return bool(history[1]["feedback"] == {"rating": "down", "comment": "Too short"})

    tab.until(stored)
    tab.page.reload()
    expect(tab.button("This did not help")).to_have_attribute("aria-pressed", "true")


def test_conversations_are_found_renamed_exported_and_deleted(tab: Tab) -> None:
    tab.ask(CHARGED)
    tab.answered()
    first = tab.session
    tab.button("New conversation").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    tab.ask(UPLOAD)
    tab.answered()
    items = tab.page.locator(".threads li")
    expect(items).to_have_count(2)
    tab.page.get_by_label("Search conversations").fill("duplicate")
    expect(items).to_have_count(1)
    items.get_by_role("link").click()
    expect(tab.page.locator(".question")).to_contain_text(CHARGED)
    assert tab.session == first
    items.hover()
    items.get_by_role("button", name=re.compile("^Rename")).click()
    tab.page.get_by_label("Title").fill("The double charge of duplicate things")
    tab.page.keyboard.press("Enter")
    expect(items.get_by_role("link", name="The double charge of duplicate things")).to_be_visible()
    expect(tab.page.locator("#conversations")).to_be_focused()
    items.hover()
    with tab.page.expect_download() as download:
        items.get_by_role("button", name=re.compile("^Export")).click()
    assert CHARGED in download.value.path().read_text()
    items.hover()
    items.get_by_role("button", name=re.compile("^Delete")).click()
    tab.button("Delete").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    expect(tab.button("New conversation")).to_be_focused()
    tab.page.get_by_label("Search conversations").fill("")
    expect(items).to_have_count(1)


def test_a_conversation_is_left_and_opened_again(tab: Tab) -> None:
    tab.ask(CHARGED)
    said = tab.answered()
    tab.page.reload()
    tab.answered()
    tab.button("New conversation").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()
    tab.page.locator(".threads").get_by_role("link").click()
    assert tab.answered() == said


def test_browsers_see_nothing_of_each_other(tab: Tab, open_tab: OpenTab, desk: Server, chrome: Browser) -> None:
    other = chrome.new_context()
    try:
        theirs = open_tab(desk, browser=other).ready()
        tab.ask(CHARGED)
        theirs.ask(UPLOAD)
        assert "413" in theirs.answered()
        assert "413" not in tab.answered()
        for one, foreign in ((tab, UPLOAD), (theirs, CHARGED)):
            one.page.reload()
            one.answered()
            expect(one.page.locator(".threads li")).to_have_count(1)
            assert foreign not in one.page.content()
    finally:
        other.close()


def test_an_address_of_nothing_says_so(open_tab: OpenTab, desk: Server) -> None:
    tab = open_tab(desk, "/nothing/here")
    expect(tab.page.get_by_role("heading", name="Page not found")).to_be_visible()
    # Chromium notes the status of the page itself.
    tab.faults[:] = [fault for fault in tab.faults if "404" not in fault]
    tab.page.get_by_role("link", name="To the chat").click()
    expect(tab.page.get_by_role("heading", name="How can we help?")).to_be_visible()


def test_a_question_that_is_too_long_stays_in_its_field_which_says_so(tab: Tab) -> None:
    written, said = "x" * 70_000, "Your question has 70,000 characters; at most 8,000 can be sent."
    tab.ask(written)
    field = tab.page.get_by_role("textbox", name="Your question")
    assert field.evaluate("field => field.validationMessage") == said
    expect(field).to_have_value(written)
    tab.ask(CHARGED)
    tab.answered()
    tab.button("Edit").click()
    editing = tab.page.get_by_role("region", name="Edit your question")
    editing.get_by_role("textbox").fill(written)
    editing.get_by_role("button", name="Ask again").click()
    assert editing.get_by_role("textbox").evaluate("field => field.validationMessage") == said
    editing.get_by_role("textbox").fill(UPLOAD)
    editing.get_by_role("button", name="Ask again").click()
    expect(tab.page.get_by_role("region", name="You asked")).to_have_text(re.compile(re.escape(UPLOAD)))
    tab.answered()
