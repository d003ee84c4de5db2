"""The knowledge page: documents dropped, found, read, removed, embedded again."""

import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.backend.asking import key_of, keys
from tests.browser.conftest import OpenTab
from tests.serving import Server, serve

LANTERN = b"# Lantern rental\n\nThe deposit for a paper lantern is 37 euros and is paid back within nine days.\n"


def file(name: str, data: bytes) -> FilePayload:
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=data)


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, data in members.items():
            target.writestr(name.replace("_", "."), data)
    return packed.getvalue()


def drop(page: Page, *files: FilePayload) -> Locator:
    """Choose files; what became of them, once all is done."""
    expect(page.get_by_label("To the folder")).to_be_enabled()
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text(re.compile(r"of \d+ files added"))).to_be_visible()
    return page.get_by_role("list", name="Files")


@pytest.fixture
def page(open_tab: OpenTab, desk: Server) -> Page:
    page = open_tab(desk, "/knowledge").page
    expect(page.get_by_role("list", name="Documents").get_by_role("listitem").first).to_be_visible()
    return page


def test_documents_stand_in_their_folders(page: Page) -> None:
    folders = page.get_by_role("navigation", name="Folders")
    expect(folders.get_by_role("button", name=re.compile("^billing"))).to_contain_text("Billing")
    folders.get_by_role("button", name=re.compile("^technical")).click()
    documents = page.get_by_role("list", name="Documents").get_by_role("listitem")
    expect(documents).to_have_count(2)
    page.get_by_label("Search titles and paths").fill("rate-limits")
    expect(documents).to_have_count(1)
    expect(documents).to_contain_text("rate-limits.txt")


def test_a_document_that_is_dropped_is_quoted_in_the_next_answer(page: Page, open_tab: OpenTab, desk: Server) -> None:
    page.get_by_label("To the folder").select_option("general")
    fates = drop(page, file("lantern.md", LANTERN), file("broken.pdf", b"%PDF-1.4 nothing"))
    expect(fates.get_by_role("listitem").first).to_contain_text("added to general")
    expect(fates).to_contain_text("this PDF is damaged or not a PDF")
    expect(page.get_by_role("list", name="Documents")).to_contain_text("Lantern rental")
    chat = open_tab(desk).ready()
    chat.ask("What is the deposit for a paper lantern?")
    assert "37 euros" in chat.answered()


def test_an_archive_is_brought_in_and_says_what_failed(page: Page) -> None:
    fates = drop(page, file("more.zip", archive(kite_md=b"# Kites\n\nA kite flies 70 metres high.\n", bad_docx=b"no")))
    expect(fates).to_contain_text("1 added, 1 failed.")
    expect(fates).to_contain_text("more.zip/bad.docx: it is damaged")
    expect(page.get_by_role("list", name="Documents")).to_contain_text("more.zip/kite.md")


def test_a_document_is_read_and_after_a_question_removed(page: Page) -> None:
    drop(page, file("short.md", b"# Short lived\n\nThis <b>is</b> soon gone.\n"))
    page.get_by_role("button", name=re.compile("^Short lived")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("This is soon gone.")
    expect(dialog).to_contain_text("short.md, 1 passage (version 1)")
    dialog.get_by_role("button", name="Close").click()
    removing = page.get_by_role("button", name="Delete Short lived")
    removing.click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(removing).to_be_focused()
    removing.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(removing).to_have_count(0)
    expect(page.get_by_role("list", name="Documents").locator("button.open:focus")).to_have_count(1)


def test_everything_is_embedded_again_with_a_report(page: Page) -> None:
    page.get_by_role("button", name="Re-index everything").click()
    expect(page.get_by_text(re.compile(r"Re-index everything: \d+ changed"))).to_be_visible()
    expect(page.get_by_role("button", name="Re-index everything")).to_be_enabled()


def test_many_documents_are_turned_over_page_by_page(page: Page) -> None:
    members = {f"page{number:03}_md": f"# Page {number:03}\n\nOnly this.\n".encode() for number in range(230)}
    drop(page, file("many.zip", archive(**members)))
    page.get_by_label("Search titles and paths").fill("many.zip")
    shown = page.locator("#shown")
    expect(shown).to_have_text("1–50 of 230")
    documents = page.get_by_role("list", name="Documents").get_by_role("listitem")
    forward, back = page.get_by_role("button", name="Next"), page.get_by_role("button", name="Back")
    expect(back).to_be_disabled()
    for place in ("51–100", "101–150", "151–200", "201–230"):
        forward.click()
        expect(shown).to_have_text(f"{place} of 230")
        expect(shown).to_be_focused()
    expect(documents).to_have_count(30)
    expect(documents.last).to_contain_text("Page 229")
    expect(forward).to_be_disabled()
    back.click()
    expect(shown).to_have_text("151–200 of 230")
    page.reload()
    expect(page.get_by_label("Search titles and paths")).to_have_value("")
    expect(shown).to_have_text(re.compile(r"^1–50 of 23\d$"))


@pytest.fixture
def keyed(indexed: Path, tmp_path: Path) -> Iterator[Server]:
    """A desk of a user and an operator, which reads small files."""
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    settings = {"API_KEYS": keys("ada", "olga"), "OPERATORS": "olga", "MAX_DOCUMENT_BYTES": 2_000}
    with serve(data, "tests.with_pages", **settings) as server:
        yield server


def test_who_is_no_operator_adds_what_is_theirs(keyed: Server, open_tab: OpenTab) -> None:
    tab = open_tab(keyed, "/knowledge")
    tab.page.get_by_label("Your key").fill(key_of("ada"))
    tab.button("Sign in").click()
    expect(tab.page.get_by_text("What you add, you alone are answered from.")).to_be_visible()
    expect(tab.button("Re-index everything")).to_have_count(0)
    drop(tab.page, file("lantern.md", LANTERN))
    expect(tab.page.get_by_role("button", name=re.compile("^Delete"))).to_have_count(1)
    tab.page.locator("input[type=file]").set_input_files([file("large.md", b"x" * 2_001)])
    expect(tab.page.get_by_role("list", name="Files")).to_contain_text("larger than 0.002 MB")


def test_files_are_taken_from_its_own_pages_alone(desk: Server) -> None:
    headers = {"reflex-client-token": "a", "reflex-event-handler": "b"}
    with desk.client() as client:
        foreign = client.post("/_upload", files={"files": b"x"}, headers=headers | {"origin": "https://evil.example"})
        nobody = client.post("/_upload", files={"files": b"x"}, headers=headers)
        own = client.post("/_upload", files={"files": b"x"}, headers=headers | {"origin": desk.url})
        looked = client.get("/_upload"), client.get("/_upload/lantern.md")
    assert [reply.json()["error"]["code"] for reply in (foreign, nobody)] == ["origin_refused"] * 2
    assert (own.status_code, own.text) == (400, "Unknown upload event handler: 'b'.")
    assert [reply.status_code for reply in looked] == [404, 404]
