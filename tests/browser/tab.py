"""A tab of a real browser on the web desk, and the user's actions in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, WebSocket, expect

from tests.serving import Server

# Records every state of the last answer's text, from the moment that the page loads.
_WATCH = """
window.texts = [];
new MutationObserver(() => {
  const text = [...document.querySelectorAll('article.answer .text')].at(-1)?.textContent ?? '';
  if (text && text !== window.texts.at(-1)) window.texts.push(text);
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


@dataclass
class Tab:
    """One page, and the faults that occurred in it."""

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)
    received: int = 0
    frames: int = 0

    @classmethod
    def open(cls, context: BrowserContext, server: Server, path: str = "/") -> "Tab":
        """Open a new tab and wait until the page has loaded."""
        tab = cls(context.new_page(), server)
        tab.page.on("pageerror", lambda error: tab.faults.append(f"error: {error}"))
        tab.page.on("console", tab._console)
        tab.page.on("request", tab._request)
        tab.page.on("websocket", tab._socket)
        tab.page.add_init_script(_WATCH)
        tab.go(path)
        return tab

    def go(self, path: str) -> None:
        """Navigate to a page of the desk."""
        self.page.goto(f"{self.server.url}{path}")
        expect(self.page.get_by_role("link", name="Frontdesk")).to_be_visible()

    def ready(self) -> "Tab":
        """Wait until the page is connected, which shows in its list of agents."""
        expect(self.page.locator("select option")).not_to_have_count(1)
        return self

    def ask(self, question: str) -> None:
        """Type a question and send it."""
        self.page.get_by_role("textbox", name="Your question").fill(question)
        self.page.keyboard.press("Enter")

    def answered(self, number: int = 1) -> str:
        """Wait for that many answers, the last one complete; return its text."""
        answers = self.page.locator("article.answer")
        expect(answers).to_have_count(number)
        expect(answers.last).to_have_attribute("aria-busy", "false")
        expect(self.button("Stop")).to_have_count(0)
        return answers.last.locator(".text").inner_text()

    @property
    def texts(self) -> list[str]:
        """All states of the text of the last answers."""
        return list(self.page.evaluate("window.texts"))

    @property
    def session(self) -> str:
        """The id of the conversation in the address."""
        found = re.search(r"/c/([^/?#]+)", self.page.evaluate("location.href"))
        assert found, self.page.url
        return found.group(1)

    def button(self, name: str) -> Locator:
        """Locate the button with that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def until(self, holds: Callable[[], bool]) -> None:
        """Poll for a condition that the page does not show."""
        self.page.wait_for_function("() => true")
        for _ in range(400):
            if holds():
                return
            self.page.wait_for_timeout(25)  # polls for a condition, bounded
        raise AssertionError("it did not come to hold")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.faults.append(f"outbound: {request.url}")

    def _socket(self, socket: WebSocket) -> None:
        if not socket.url.startswith(self.server.url.replace("http", "ws", 1)):
            self.faults.append(f"outbound: {socket.url}")
        socket.on("framereceived", self._frame)

    def _frame(self, frame: str | bytes) -> None:
        self.received += len(frame)
        self.frames += 1
