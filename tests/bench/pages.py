"""`python -m tests.bench.pages`: what an answer costs between the web desk and a browser, and how smooth it is.

Answers of 1,000 and 4,000 tokens by a scripted model, then a question in a conversation of 200 messages, in a real
Chromium. An answer may not cost more for each of its tokens because it is long.
"""

import asyncio
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, expect, sync_playwright

from tests.bench.client import figure
from tests.browser.install import chromium
from tests.browser.tab import Tab
from tests.conftest import index, write_documents
from tests.provided import at_openai
from tests.providers.openai import OpenAIServer
from tests.providers.script import Script
from tests.serving import Server, serve_alone

_QUESTION = "How are duplicate charges refunded?"
_SETTINGS = {
    "SUPERVISOR_MODEL": "embedded",
    "WORKER_MODEL": "openai:gpt-4o-mini",
    "EMBEDDED_FALLBACK": False,
    "ANSWER_THRESHOLD": 0,
    "MODEL_MAX_TOKENS": 8_000,
}
_MESSAGES = 200
# Two hundred tokens a second, in sentences and paragraphs.
_GAP_SECONDS = 0.005
_WORDS = ("A ", "duplicate ", "charge ", "is ", "refunded ", "within ", "ten ", "days.[1] ")
_FRAMES = """
window.frames_ms = []; let last = performance.now();
const draw = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(draw); };
requestAnimationFrame(draw);
"""


def main() -> None:
    """One desk, a tab for each measure."""
    expect.set_options(timeout=120_000)
    with tempfile.TemporaryDirectory() as base, OpenAIServer() as provider:
        data = Path(base) / "data"
        asyncio.run(index(data, write_documents(Path(base) / "documents")))
        with (
            serve_alone(data, "tests.with_pages", **_SETTINGS | at_openai(provider)) as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            short = _cost(browser, server, provider, 1_000)
            long = _cost(browser, server, provider, 4_000)
            figure("a token of 4,000 against one of 1,000", f"{long / short:.2f}", "<= 1.2", long <= 1.2 * short)
            _long_conversation(browser, server, provider)
            browser.close()


def _cost(browser: Browser, server: Server, provider: OpenAIServer, tokens: int) -> float:
    """Bytes over the socket for each token."""
    provider.script = Script(_answer(tokens), gap_seconds=_GAP_SECONDS)
    tab = _tab(browser, server)
    before = tab.received
    tab.ask(_QUESTION)
    text = tab.answered()
    received = tab.received - before
    frames = np.asarray(tab.page.evaluate("window.frames_ms"))
    print(f"{tokens:,} tokens, {len(text):,} characters: {received:,} bytes in {tab.frames} messages")
    print(f"{tokens:,} tokens: a frame takes {np.percentile(frames, 50):.0f} ms, 99th percentile", end=" ")
    print(f"{np.percentile(frames, 99):.0f} ms, longest {frames.max():.0f} ms")
    tab.page.context.close()
    return received / tokens


def _long_conversation(browser: Browser, server: Server, provider: OpenAIServer) -> None:
    """A page that holds many messages is sent a new one alone."""
    provider.script = Script(_answer(80))
    tab = _tab(browser, server)
    tab.ask(_QUESTION)
    tab.answered()
    with server.client() as client:
        for _ in range(_MESSAGES // 2 - 1):
            client.post("/chat", json={"message": _QUESTION, "session_id": tab.session}).raise_for_status()
    tab.page.reload()
    tab.answered(_MESSAGES // 2)
    tab.page.evaluate("window.frames_ms = []")
    before = tab.received
    tab.ask(_QUESTION)
    tab.answered(_MESSAGES // 2 + 1)
    received = tab.received - before
    frames = np.asarray(tab.page.evaluate("window.frames_ms"))
    figure(f"a question behind {_MESSAGES} messages", f"{received:,} bytes", "<= 60,000", received <= 60_000)
    print(f"behind {_MESSAGES} messages: 99th percentile of a frame {np.percentile(frames, 99):.0f} ms", end=" ")
    print(f"(longest {frames.max():.0f} ms)")
    tab.page.context.close()


def _answer(tokens: int) -> tuple[str, ...]:
    return tuple(
        word + ("\n\n" if number % 80 == 79 else "")
        for number, word in zip(range(tokens), _WORDS * (tokens // len(_WORDS) + 1), strict=False)
    )


def _tab(browser: Browser, server: Server) -> Tab:
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(120_000)
    context.add_init_script(_FRAMES)
    return Tab.open(context, server).ready()


if __name__ == "__main__":
    main()
