"""The documentation names only files, folders and headings that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_PAGES = {str(page.relative_to(ROOT)): page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
_PATH = re.compile(r"`((?:agents|assets|backend|docs|evaluation|frontdesk|knowledge|tests|ui)/[\w./-]*)`")
_LINK = re.compile(r"\]\(([^)\s:#]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NO_ANCHOR = re.compile(r"[^\w\- ]")


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    return {_NO_ANCHOR.sub("", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(page.read_text())}


def _is_broken(page: Path, target: str, anchor: str) -> bool:
    found = page.parent / target if target else page
    return not found.exists() or bool(anchor and anchor not in _anchors(found))


@pytest.mark.parametrize("page", sorted(_PAGES))
def test_every_named_path_exists(page: str) -> None:
    assert [path for path in _PATH.findall(_PAGES[page].read_text()) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", sorted(_PAGES))
def test_every_link_leads_somewhere(page: str) -> None:
    links = _LINK.findall(_PAGES[page].read_text())
    assert [link for link in links if _is_broken(_PAGES[page], *link)] == []


def test_the_overview_leads_to_every_page_of_its_folder() -> None:
    linked = {target for target, _ in _LINK.findall(_PAGES["docs/architecture.md"].read_text())}
    pages = {f"architecture/{page.name}" for page in (ROOT / "docs" / "architecture").glob("*.md")}
    assert pages
    assert pages - linked == set()
