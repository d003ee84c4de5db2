"""A real Chromium, a real desk with its pages, and tabs that fail the test on any fault."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.backend.asking import as_asked
from tests.browser.install import chromium
from tests.browser.tab import Tab
from tests.provided import at_openai
from tests.providers.openai import OpenAIServer
from tests.serving import Server, serve

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_PATIENCE_MS = 20_000

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="package")
def chrome(indexed: Path) -> Iterator[Browser]:
    """A browser for all files of this package: while it is open, nothing else may run an event loop in this thread."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def desk(chrome: Browser, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk with the embedded model and the small set of documents."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("web") / "data"))
    with serve(data, "tests.with_pages") as server:
        yield server


@pytest.fixture(scope="module")
def provider(chrome: Browser) -> Iterator[OpenAIServer]:
    with OpenAIServer(as_asked) as provider:
        yield provider


@pytest.fixture(scope="module")
def scripted(indexed: Path, provider: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk with the embedded router, answered by one of the provider's two models or not at all."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("scripted") / "data"))
    settings = {
        "SUPERVISOR_MODEL": "embedded",
        "WORKER_MODEL": "openai:gpt-4o-mini,openai:gpt-4o",
        "EMBEDDED_FALLBACK": False,
        "ANSWER_THRESHOLD": 0,
        "MODEL_FIRST_TOKEN_SECONDS": 100,
        "MODEL_IDLE_SECONDS": 100,
    }
    with serve(data, "tests.with_pages", **settings | at_openai(provider)) as server:
        yield server


@pytest.fixture(scope="module")
def shared_context(chrome: Browser) -> Iterator[BrowserContext]:
    """A browser context for a module, so that the scripts of the pages are fetched and compiled once."""
    context = chrome.new_context(viewport={"width": 1200, "height": 800})
    with opened_for_visitors(context):
        yield context


@contextmanager
def opened_for_visitors(context: BrowserContext) -> Iterator[None]:
    """Prepare a context for `forget_visitor`, and close it at the end."""
    context.set_default_timeout(_PATIENCE_MS)
    # A blank tab, through which the storage is cleared.
    context.new_page()
    yield
    context.close()


def forget_visitor(context: BrowserContext) -> None:
    """Close the tabs of a context, and clear its cookies and the local storage of every origin."""
    blank, *tabs = context.pages
    for tab in tabs:
        tab.close()
    context.clear_cookies()
    session = context.new_cdp_session(blank)
    session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "local_storage"})
    session.detach()


@pytest.fixture
def context(shared_context: BrowserContext) -> Iterator[BrowserContext]:
    """A browser context of a new visitor: without tabs, cookies and storage."""
    yield shared_context
    forget_visitor(shared_context)


@pytest.fixture
def open_tab(context: BrowserContext) -> Iterator[OpenTab]:
    """A function that opens tabs, none of which may have a fault by the end."""
    tabs: list[Tab] = []

    def open_one(server: Server, path: str = "/", browser: BrowserContext | None = None) -> Tab:
        tabs.append(Tab.open(browser or context, server, path))
        return tabs[-1]

    yield open_one
    assert [fault for tab in tabs for fault in tab.faults] == []


@pytest.fixture
def tab(open_tab: OpenTab, desk: Server) -> Tab:
    return open_tab(desk).ready()
