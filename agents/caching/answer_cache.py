"""The answer cache of agents that have one: gives an earlier answer again while nothing that it depends on has changed.

Only the first question of a conversation is looked up, because an agent's answer to a later one depends on what was
said before. A cache that fails is a cache without the answer.
"""

import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from agents.answering.writer import WriterChain
from agents.caching.question_keys import QuestionKeys, keys_of
from agents.caching.store import AnswerCacheStore, AnswerOrigin, CachedAnswer, CacheLimits, CacheScope
from agents.catalog import Agent
from agents.graph.answer_stream import Emit
from agents.graph.state import RunContext, WorkerAnswer, WorkerTask, reading_of
from agents.models.failures import FailureKind
from agents.privacy.detection import detect_personal_data
from agents.tracing import trace_step
from frontdesk.contracts.events import Event, Handoff, Reset, Source, Sources, TraceEnd, TraceStart, Usage
from knowledge.embedding.embedder import Embedder
from knowledge.errors import DeskError
from knowledge.storage.database import DatabaseError
from knowledge.storage.documents import FolderState
from knowledge.text.detection import language_of

_LOG = logging.getLogger(__name__)

# Longer questions are hardly ever asked twice.
_LONGEST_QUESTION = 1_000
# The words decide, because the vectors of opposite questions are as close as 0.99. This guards against a word that was
# left out and did matter.
_LOWEST_COSINE = 0.9
_PIECE = re.compile(r"\A\s++|\S++\s*+")
_SOURCES: TypeAdapter[list[Source]] = TypeAdapter(list[Source])
# The fields of an agent that do not change what it answers to a question that it is asked.
_OUTSIDE = {"name", "description", "examples", "enabled", "cache"}


@dataclass(frozen=True)
class _CacheLookup:
    """A question that may be answered from the cache, and whether an answer to it may be kept."""

    question: str
    keys: QuestionKeys
    scope: CacheScope
    model: str
    is_level: bool


class AnswerCache:
    """The cached answers of all agents. `release` stands for whatever else of the desk decides what is answered."""

    def __init__(
        self,
        store: AnswerCacheStore,
        folder_state: Callable[[str, str], Awaitable[FolderState]],
        embedder: Embedder,
        now: Callable[[], float],
        limits: CacheLimits,
        release: str,
    ) -> None:
        self._store = store
        self._folder_state = folder_state
        self._embedder = embedder
        self._now = now
        self._limits = limits
        self._release = release

    async def answer(
        self,
        task: WorkerTask,
        agent: Agent,
        chain: WriterChain,
        context: RunContext,
        emit: Emit,
        ask: Callable[[Emit], Awaitable[WorkerAnswer]],
    ) -> WorkerAnswer:
        """Give an earlier answer again, or have the agent asked and keep what it answers."""
        lookup = await self._look_at(task, agent, chain, context.owner)
        if lookup is None:
            return await ask(emit)
        if not context.asks_again and (found := await self._find_answer(lookup, agent)):
            return _give_again(found, lookup.keys, agent, context, emit)
        record = _AnswerRecord(emit)
        answer = await ask(record)
        may_be_kept = lookup.is_level and record.is_repeatable(answer, lookup.model)
        # Documents that changed meanwhile may or may not have been read.
        if may_be_kept and await self._look_at(task, agent, chain, context.owner) == lookup:
            await self._keep_answer(lookup, record, answer, AnswerOrigin(context.owner, context.run_id))
        return answer

    async def _look_at(self, task: WorkerTask, agent: Agent, chain: WriterChain, owner: str) -> _CacheLookup | None:
        """Return how to look a question up; None if it depends on more than the cache knows, or tells of a person."""
        question = task["question"]
        if agent.cache == "off" or not _stands_alone(task):
            return None
        if len(question) > _LONGEST_QUESTION or detect_personal_data(question):
            return None
        try:
            state = await self._folder_state(agent.knowledge, owner)
        except (DatabaseError, DeskError) as error:
            _LOG.warning("the state of the documents cannot be read, so no cached answer is given: %s", error)
            return None
        model = _expected_model(chain)
        version = _version_of(agent, chain, model, self._release)
        # Who has documents of their own is answered from these too, so that such an answer is theirs alone.
        scope = CacheScope(agent.id, owner if state.own else "", version, f"{state.shared}:{state.own}")
        keys = keys_of(question, language_of(reading_of(task).language))
        return _CacheLookup(question, keys, scope, model, state.is_level)

    async def _find_answer(self, lookup: _CacheLookup, agent: Agent) -> CachedAnswer | None:
        try:
            found = await self._store.find_answers(lookup.scope, lookup.keys, self._now() - self._limits.seconds)
        except (DatabaseError, DeskError) as error:
            _LOG.warning("cached answers cannot be read: %s", error)
            return None
        for answer in found:
            if answer.keys.exact == lookup.keys.exact:
                return answer
            if agent.cache == "similar" and await self._is_close(lookup.question, answer.question):
                return answer
        return None

    async def _is_close(self, question: str, other: str) -> bool:
        one, two = await self._embedder.embed([question, other])
        return float(one @ two) >= _LOWEST_COSINE

    async def _keep_answer(
        self, lookup: _CacheLookup, record: "_AnswerRecord", answer: WorkerAnswer, origin: AnswerOrigin
    ) -> None:
        cached = CachedAnswer(
            question=lookup.question,
            keys=lookup.keys,
            text=answer["text"],
            model=lookup.model,
            sources=_SOURCES.dump_json(record.sources).decode(),
            support=answer.get("support"),
            see_also=answer.get("see_also", []),
            highlights=answer.get("highlights", []),
            kept=answer["kept"],
            last_number=answer["last_number"],
        )
        try:
            await self._store.save_answer(lookup.scope, cached, origin, self._now(), self._limits)
        except (DatabaseError, DeskError) as error:
            _LOG.warning("an answer cannot be cached: %s", error)


@dataclass
class _AnswerRecord:
    """The events of an answer as it is given, passed on as they come."""

    emit: Emit
    sources: list[Source] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    is_singular: bool = False

    def __call__(self, event: Event) -> None:
        match event:
            case Sources():
                self.sources += event.sources
            case TraceEnd(status="completed", model=str() as model):
                self.models.append(model)
            case Handoff() | Reset() | TraceStart(step_type="tool"):
                self.is_singular = True
        self.emit(event)

    def is_repeatable(self, answer: WorkerAnswer, model: str) -> bool:
        """Return True for a whole answer of the model that usually writes, without tools and without a handoff."""
        is_whole = answer["finish_reason"] == "stop" and not answer["reduced"]
        return is_whole and not self.is_singular and self.models == [model]


def _stands_alone(task: WorkerTask) -> bool:
    """Return True if the answer depends on nothing but the one question and the documents.

    An answer to several questions has them as headings, in the words of whoever asked, and what a router made of them.
    """
    depends = task["context"] or task["history"] or task["kept"] or reading_of(task).complaint
    return not depends and task["total"] == 1 and len(task.get("parts", ())) <= 1


def _give_again(found: CachedAnswer, keys: QuestionKeys, agent: Agent, context: RunContext, emit: Emit) -> WorkerAnswer:
    """Stream an earlier answer like any other: its sources under their numbers, then its text in pieces."""
    with trace_step(emit, "agent", agent.name, agent=agent.id) as whole:
        with trace_step(emit, "retrieve", "cache", agent=agent.id, parent=whole.id) as step:
            kind = "the same" if found.keys.exact == keys.exact else "a similar"
            step.output = f"cached: {kind} question was answered before, and nothing has changed since"
            step.model, step.usage, step.cost_usd = found.model, Usage(), 0.0
        context.answer_stream.reserve_numbers(found.last_number)
        if sources := _SOURCES.validate_json(found.sources):
            emit(Sources(agent=agent.id, sources=sources))
        for piece in _PIECE.findall(found.text):
            context.answer_stream.write_text(agent.id, piece, emit)
        context.answer_stream.finish_agent(agent.id, emit)
    return WorkerAnswer(
        agent=agent.id,
        text=found.text,
        finish_reason="stop",
        kept=list(found.kept),
        reduced=False,
        last_number=found.last_number,
        support=found.support,
        see_also=list(found.see_also),
        highlights=[list(marked) for marked in found.highlights],
        cached=True,
    )


def _expected_model(chain: WriterChain) -> str:
    """Return the model that writes while nothing fails: the first of the chain, passing over those without a key."""
    for writer in chain.writers:
        failure = writer.held_back()
        if failure is None or failure.kind is not FailureKind.NO_CREDENTIALS:
            return writer.name.public_name
    return ""


def _version_of(agent: Agent, chain: WriterChain, model: str, release: str) -> str:
    """Return the hash of what decides what an agent answers from given documents."""
    chain_names = [str(writer.name) for writer in chain.writers]
    parts = [agent.model_dump(mode="json", exclude=_OUTSIDE), chain_names, model, release]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
