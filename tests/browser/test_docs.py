"""The pages that show the API, in a real browser: all of them is there, and nothing is asked of anybody else."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.serving import Server

LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.mark.parametrize(("path", "shown"), [("/docs", "/chat/stream"), ("/redoc", "The answer as server-sent events")])
def test_the_api_is_shown_and_no_request_leaves_the_host(page: Page, server: Server, path: str, shown: str) -> None:
    answered: list[str] = []
    unanswered: list[str] = []
    complaints: list[str] = []
    page.on("response", lambda response: answered.append(response.url))
    page.on("requestfailed", lambda request: unanswered.append(f"{request.failure}: {request.url}"))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}{path}")
    expect(page.get_by_text(shown).first).to_be_visible()
    assert f"{server.url}/openapi.json" in answered
    hosts = {urlsplit(url).netloc for url in answered if urlsplit(url).scheme in ("http", "https")}
    assert hosts == {urlsplit(server.url).netloc}
    # Redoc asks for its maker's logo, which the browser is told to refuse.
    assert unanswered in ([], [f"csp: {LOGO}"])
    assert [said for said in complaints if not said.startswith(f"Loading the image '{LOGO}' violates")] == []


def test_an_operation_can_be_tried(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.locator("#operations-health-ready").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response .response-col_status")).to_contain_text("200")
