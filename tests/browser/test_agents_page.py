"""The agents page: made, changed, switched off, deleted, and asked who would answer."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.backend.asking import key_of, keys
from tests.browser.conftest import OpenTab
from tests.serving import Server, serve

KITES = {
    "Name": "Kites",
    "Description": "Answers about kites: how high they fly, and how they are steered in a storm.",
    "Questions it should take": "How high does a kite fly?\nHow is a kite steered?",
    "Prompt": "You are the kite specialist of this desk.",
}
HIGH = "How high does a kite fly?"


@pytest.fixture
def page(open_tab: OpenTab, desk: Server) -> Page:
    return opened(open_tab(desk, "/agents").page)


def opened(page: Page) -> Page:
    expect(page.get_by_role("heading", name="Billing")).to_be_visible()
    return page


def of(page: Page, name: str) -> Locator:
    return page.locator(".staff > li").filter(has=page.get_by_role("heading", name=name, exact=True))


def ask(page: Page, question: str) -> Locator:
    """Who would take it."""
    page.get_by_label("A question").fill(question)
    page.keyboard.press("Enter")
    taken = page.get_by_role("region", name="Which agent would take this question?")
    expect(taken.get_by_text("decided by")).to_be_visible()
    return taken


def test_an_agent_is_made_asked_switched_off_and_deleted(page: Page, desk: Server) -> None:
    page.get_by_role("button", name="New agent").click()
    for label, text in KITES.items():
        page.get_by_label(label, exact=True).fill(text)
    folder = page.get_by_label("Folder of documents")
    folder.fill("Kites and more")
    page.get_by_label("Hand over to a person").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text(
        re.compile(r"^The name of a folder has small letters, digits, - and _")
    )
    expect(folder).to_be_focused()
    expect(folder).to_have_attribute("aria-invalid", "true")
    for label, text in KITES.items():
        expect(page.get_by_label(label, exact=True)).to_have_value(text)
    expect(page.get_by_label("Hand over to a person")).to_be_checked()
    folder.fill("kites")
    page.get_by_role("button", name="Save").click()
    expect(of(page, "Kites")).to_contain_text("made or changed here")
    expect(page.get_by_role("heading", name="Agents", exact=True)).to_be_focused()
    with desk.client() as client:
        made = client.get("/api/agents/kites").json()
    assert made["examples"] == KITES["Questions it should take"].splitlines()
    assert (made["tools"], made["strategy"], made["model"]) == (["hand_over"], "rag", None)

    taken = ask(page, HIGH)
    expect(taken.get_by_role("listitem")).to_have_text("Kites")
    expect(taken.get_by_text(re.compile(r"^\d+ %$"))).to_be_visible()
    switch = page.get_by_role("switch", name="Kites takes questions")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    ask(page, HIGH + " ")
    expect(taken.get_by_role("listitem").filter(has_text="Kites")).to_have_count(0)
    page.get_by_role("button", name="Delete Kites").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(of(page, "Kites")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Edit")).last).to_be_focused()


def test_an_agent_is_changed(page: Page, desk: Server) -> None:
    page.get_by_role("button", name="Edit Technical support").click()
    page.get_by_label("Prompt").fill("You are brief.")
    page.get_by_label("How it reads").select_option("cag")
    page.get_by_role("button", name="Save").click()
    expect(of(page, "Technical support")).to_contain_text("cag")
    page.get_by_role("button", name="Edit Technical support").click()
    expect(page.get_by_label("Prompt")).to_have_value("You are brief.")
    page.get_by_label("Prompt").fill("Forget this.")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Leave", exact=True).click()
    opened(page)
    with desk.client() as client:
        changed = client.get("/api/agents/technical").json()
    assert (changed["prompt"], changed["strategy"], changed["origin"]) == ("You are brief.", "cag", "api")
    assert changed["examples"]


def test_what_was_typed_is_not_left_without_a_question(page: Page) -> None:
    page.get_by_role("button", name="Edit Billing").click()
    back, prompt = page.get_by_role("button", name="Cancel", exact=True), page.get_by_label("Prompt")
    back.click()
    page.get_by_role("button", name="Edit Billing").click()
    written = prompt.input_value()
    prompt.fill("Something else.")
    back.click()
    page.get_by_role("button", name="Go on editing").click()
    expect(prompt).to_have_value("Something else.")
    expect(back).to_be_focused()
    page.get_by_role("link", name="Knowledge").click()
    page.get_by_role("button", name="Go on editing").click()
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(prompt).to_have_value("Something else.")
    prompt.fill(written)
    back.click()
    opened(page)
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    page.get_by_role("button", name="Edit Billing").click()
    prompt.fill("Something else.")
    page.get_by_role("link", name="Knowledge").click()
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_role("heading", name="Knowledge")).to_be_visible()


@pytest.mark.parametrize(
    ("label", "typed", "said"),
    [
        ("Name", "x" * 81, "At most 80 characters, please."),
        ("Id", "Not so!", "An id begins with a small letter; small letters, digits and _ may follow, 48 in all."),
        ("Id", "billing", "Another agent has this id already; choose another one."),
        ("Id", "llm", "It is reserved for the desk itself, as are all of: documents, llm, supervisor."),
        ("Questions it should take", "Why?\n" + "x" * 501, "Question 2: At most 500 characters, please."),
        ("Questions it should take", "Why?\n" * 51, "At most 50 questions, please."),
        ("Model", "gpt", "'gpt' is not a valid model; use bedrock:<model>, openai:<model>"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_in_words_for_people(page: Page, label: str, typed: str, said: str) -> None:
    page.get_by_role("button", name="New agent").click()
    for name, text in {**KITES, "Folder of documents": "kites", label: typed}.items():
        page.get_by_label(name, exact=True).fill(text)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_label(label, exact=True)).to_be_focused()
    expect(page.get_by_label(label, exact=True)).to_have_attribute("aria-invalid", "true")


@pytest.fixture
def keyed(indexed: Path, tmp_path: Path) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    with serve(data, "tests.with_pages", API_KEYS=keys("ada", "olga"), OPERATORS="olga") as server:
        yield server


def test_who_is_no_operator_looks_on(keyed: Server, open_tab: OpenTab) -> None:
    tab = open_tab(keyed, "/agents")
    tab.page.get_by_label("Your key").fill(key_of("ada"))
    tab.button("Sign in").click()
    page = opened(tab.page)
    for name in ("New agent", "Edit Billing", "Delete Billing"):
        expect(tab.button(name)).to_have_count(0)
    expect(page.get_by_role("switch")).to_have_count(0)
    tab.button("View Billing").click()
    expect(page.get_by_label("Description")).to_be_disabled()
    for label in ("Prompt", "Model", "How it reads"):
        expect(page.get_by_label(label)).to_have_count(0)
    expect(tab.button("Save")).to_have_count(0)
    tab.button("Back").click()
    expect(ask(page, "I was charged twice").get_by_role("listitem")).to_have_text("Billing")
