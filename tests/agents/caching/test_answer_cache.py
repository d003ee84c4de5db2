"""What the answer cache keeps of an answer, and what it does not, over a real database."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import ConfigDict

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.prompt import Prompt
from agents.answering.writer import WriterChain, WriterChunk
from agents.caching.answer_cache import AnswerCache
from agents.caching.store import CacheLimits
from agents.graph.worker import Worker
from agents.models.context_window import ContextWindow
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model_name import ModelName
from backend.storage.sql import migrations
from backend.storage.sql.cached_answers import SqlAnswerCacheStore
from frontdesk.contracts.events import Source, Sources, TraceEnd
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.strategies import EvidenceGatherer
from knowledge.storage.database import Database
from knowledge.storage.documents import DocumentKey
from knowledge.storage.sqlite import SqliteDatabase
from tests.agents.conversation import Turn, open_desk
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes

QUESTION = "How do I get a refund?"
AGAIN = "How can I get a refund?"
LIMITS = CacheLimits(entries=10, total_bytes=1_000_000, seconds=1_000)
ADDED = DocumentKey("billing", "test", "added.md")


class UnreachableWriter:
    """A writer whose model cannot be called at the moment."""

    name = ModelName("openai", "unreachable")

    def held_back(self) -> ModelFailure | None:
        return ModelFailure(FailureKind.UNREACHABLE)

    async def window(self) -> ContextWindow | None:
        return None

    async def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]:
        yield WriterChunk("It must not be asked.")


class AddingModel(ScriptedModel):
    """Adds a document while it answers."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    library: Library

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        await self.library.put(ADDED, b"# Added\n\nA duplicate charge is refunded at once.")
        async for chunk in super()._astream(messages):
            yield chunk


class HedgingWorker(Worker):
    """Never sure of an answer."""

    def __init__(self, strategies: EvidenceGatherer, thresholds: OutcomeThresholds) -> None:
        super().__init__(strategies, replace(thresholds, answer=1.1))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


def cache_over(library: Library, database: Database, now: float = 0.0, release: str = "1") -> AnswerCache:
    state = library.stores.documents.folder_state
    return AnswerCache(SqlAnswerCacheStore(database), state, library.embedder, lambda: now, LIMITS, release)


def quoting(library: Library) -> WriterChain:
    return WriterChain([ExtractiveWriter()])


async def ask_twice(
    library: Library, database: Database, chain: WriterChain, memory: Path, threshold: float = 0.0
) -> tuple[Turn, Turn]:
    async with open_desk(library, chain, memory, threshold, cache=cache_over(library, database)) as desk:
        return await desk.ask(QUESTION, "first"), await desk.ask(AGAIN, "second")


def is_cached(turn: Turn) -> bool:
    assert turn.outcome
    return turn.outcome.cached


def sources_of(turn: Turn) -> list[Source]:
    return [source for told in turn.of(Sources) for source in told.sources]


async def test_an_answer_of_quotations_comes_again_in_all_its_parts(
    library: Library, database: Database, tmp_path: Path
) -> None:
    first, again = await ask_twice(library, database, quoting(library), tmp_path)
    assert (is_cached(first), is_cached(again)) == (False, True)
    assert (again.text, sources_of(again)) == (first.text, sources_of(first))
    assert first.outcome
    assert again.outcome
    assert replace(again.outcome, cached=False) == first.outcome
    assert first.outcome.support
    assert first.outcome.see_also
    assert first.outcome.highlights
    assert again.used.total == 0 < first.used.total
    assert "similar" in str([end.output for end in again.of(TraceEnd)])


async def test_a_conversation_goes_on_from_a_cached_answer_as_from_any_other(
    library: Library, database: Database, tmp_path: Path
) -> None:
    model = ScriptedModel(tokens={"billing": ["Within 5 days. [1]"]})
    async with open_desk(library, writes(model), tmp_path, 0.0, cache=cache_over(library, database)) as desk:
        for thread in ("first", "second"):
            await desk.ask(QUESTION, thread)
        assert await desk.kept("billing", "second") == await desk.kept("billing", "first") != []
        after = [await desk.ask("And is it paid to the same card?", thread) for thread in ("first", "second")]
    assert not any(map(is_cached, after))
    assert [message.text for message in model.prompts[1]] == [message.text for message in model.prompts[2]]


async def test_what_the_desk_does_not_know_is_looked_for_again(
    library: Library, database: Database, tmp_path: Path
) -> None:
    assert not any(map(is_cached, await ask_twice(library, database, quoting(library), tmp_path, threshold=1.0)))


async def test_what_is_only_the_nearest_is_looked_for_again(
    library: Library, database: Database, tmp_path: Path
) -> None:
    cache = cache_over(library, database)
    async with open_desk(library, quoting(library), tmp_path, 0.0, worker=HedgingWorker, cache=cache) as desk:
        turns = [await desk.ask(QUESTION, "first"), await desk.ask(QUESTION, "second")]
    assert [turn.outcome and turn.outcome.finish_reason for turn in turns] == ["hedged", "hedged"]
    assert not any(map(is_cached, turns))


@pytest.mark.parametrize(
    "question",
    [f"{QUESTION} How many working days does a refund take?", f"This is ridiculous!! {QUESTION}"],
)
async def test_several_questions_and_complaints_are_answered_anew(
    library: Library, database: Database, tmp_path: Path, question: str
) -> None:
    async with open_desk(library, quoting(library), tmp_path, 0.0, cache=cache_over(library, database)) as desk:
        turns = [await desk.ask(question, thread) for thread in ("first", "second")]
    assert [turn.outcome and turn.outcome.finish_reason for turn in turns] == ["stop", "stop"]
    assert not any(map(is_cached, turns))


async def test_what_is_quoted_for_want_of_a_model_is_not_kept(
    library: Library, database: Database, tmp_path: Path
) -> None:
    chain = WriterChain([UnreachableWriter(), ExtractiveWriter()])
    turns = await ask_twice(library, database, chain, tmp_path)
    assert not any(map(is_cached, turns))
    assert turns[0].outcome
    assert turns[0].outcome.reduced


async def test_an_answer_during_which_documents_change_is_not_kept(
    library: Library, database: Database, tmp_path: Path
) -> None:
    model = AddingModel(tokens={"billing": ["Within 5 days. [1]"]}, library=library)
    assert not any(map(is_cached, await ask_twice(library, database, writes(model), tmp_path)))


async def test_an_answer_from_an_index_that_is_behind_is_not_kept(
    library: Library, database: Database, tmp_path: Path
) -> None:
    await library.stores.vector_changes.record_all_chunks()
    try:
        assert not any(map(is_cached, await ask_twice(library, database, quoting(library), tmp_path)))
    finally:
        await library.rebuild()


async def test_another_release_and_a_later_time_begin_anew(
    library: Library, database: Database, tmp_path: Path
) -> None:
    await ask_twice(library, database, quoting(library), tmp_path)
    for thread, cache, cached in (
        ("later", cache_over(library, database, now=LIMITS.seconds - 1), True),
        ("too late", cache_over(library, database, now=LIMITS.seconds + 1), False),
        ("released", cache_over(library, database, release="2"), False),
    ):
        async with open_desk(library, quoting(library), tmp_path, 0.0, cache=cache) as desk:
            assert is_cached(await desk.ask(QUESTION, thread)) is cached


async def test_a_cache_that_fails_costs_no_answer(library: Library, tmp_path: Path) -> None:
    closed = SqliteDatabase(tmp_path / "closed.db", migrations.MIGRATIONS)
    await closed.close()
    first, again = await ask_twice(library, closed, quoting(library), tmp_path)
    assert first.text == again.text != ""
    assert not is_cached(again)
