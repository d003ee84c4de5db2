"""However an answer of OpenAI's ends, what read it has ended too: nothing waits for the garbage collector."""

import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import pytest

from agents.models.model import Model
from agents.models.streaming_call import ModelRequest
from tests.agents.models.upstream import QUESTION, Upstream, hear, until
from tests.providers.clients import TOKENS
from tests.providers.script import Fault


class Generators:
    """Asynchronous generators that were begun, and of those the ones that have not ended."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._begun: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def open(self) -> list[str]:
        return sorted(begun.__qualname__ for begun in self._begun if begun.ag_frame is not None)

    def note(self, begun: Any) -> None:
        self.names.add(begun.__qualname__)
        self._begun.add(begun)


@contextmanager
def watched() -> Iterator[Generators]:
    """Those of this event loop, with the collector switched off: it may come by at any time, and may as well not."""
    noted, (firstiter, _) = Generators(), sys.get_asyncgen_hooks()
    assert firstiter

    def begin(begun: Any) -> None:
        noted.note(begun)
        firstiter(begun)

    gc.collect()
    gc.disable()
    sys.set_asyncgen_hooks(firstiter=begin)
    try:
        yield noted
    finally:
        sys.set_asyncgen_hooks(firstiter=firstiter)
        gc.enable()


async def expect_nothing_open(generators: Generators) -> None:
    assert "AsyncResponseStream.__aiter__" in generators.names
    try:
        await until(lambda: not generators.open)
    except TimeoutError:
        pytest.fail(f"still open: {generators.open}")


async def listen(model: Model) -> None:
    async with aclosing(model.ask(ModelRequest(QUESTION))) as pieces:
        async for piece in pieces:
            if piece.text:
                break


@pytest.mark.parametrize(
    "fault", [None, Fault.CUT, Fault.RESET, Fault.NO_FINISH, Fault.EXCEPTION, Fault.STALL, Fault.BROKEN]
)
async def test_nothing_is_open_after_an_answer_that_has_ended_or_broken(openai: Upstream, fault: Fault | None) -> None:
    model = openai.model(model_idle_seconds=2.0 if fault is Fault.STALL else 60.0)
    openai.play(TOKENS, *((fault, 2) if fault else ()))
    with watched() as generators:
        heard = await hear(model)
        assert (heard.failure is None) is (fault is None)
        # Who keeps the failure, as the model does, keeps the error behind it too.
        assert heard.failure is model.last
        await expect_nothing_open(generators)


async def test_nothing_is_open_after_an_answer_that_was_left(openai: Upstream) -> None:
    openai.play(TOKENS * 500, gap_seconds=0.01)
    with watched() as generators:
        await listen(openai.model())
        await expect_nothing_open(generators)


async def test_nothing_is_open_after_an_answer_that_was_cancelled(openai: Upstream) -> None:
    openai.play(TOKENS, Fault.STALL, 2)
    with watched() as generators:
        listening = asyncio.create_task(hear(openai.model()))
        await until(lambda: "AsyncResponseStream.__aiter__" in generators.names)
        listening.cancel()
        await asyncio.wait([listening])
        assert listening.cancelled()
        await expect_nothing_open(generators)
