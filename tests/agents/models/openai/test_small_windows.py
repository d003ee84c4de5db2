"""Agents whose models read little: their evidence and conversation are cut to what fits, and the trace says so."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.prompt import messages_for, recent
from agents.answering.writer import ModelWriter, WriterChain
from agents.graph.answer_stream import AnswerStream
from agents.graph.state import WorkerAnswer, WorkerTask
from agents.graph.worker import Worker
from agents.models.circuit_breaker import CircuitBreaker
from agents.models.context_window import ContextWindow
from agents.models.failures import FailureKind
from agents.models.model import Model
from agents.models.model_name import EMBEDDED, parse_model
from agents.models.openai.provider import OpenAIProvider
from agents.models.request import ModelRequest
from agents.settings import AgentSettings
from frontdesk.contracts.events import Event, TraceEnd, TraceStart
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer, Strategy
from knowledge.text.token_estimate import estimate_tokens
from tests.agents.evidence import NOTES, agent, gather, learn, prompt_of
from tests.agents.models.upstream import Upstream, hear
from tests.conftest import DOCUMENTS
from tests.llama import LlamaServer, llama_server
from tests.providers.clients import TOKENS
from tests.providers.openai import OpenAIServer
from tests.providers.script import Called, Script

SUBJECTS = "refunds payments invoices discounts taxes backups seats trials".split()
QUESTION = "How long are backups kept?"
SMALL, ANSWER = 2048, 24
TEXTS = {
    **DOCUMENTS,
    "numbers": "| Date | Amount |\n| --- | --- |\n" + "| 2026-11-21 | 1,048,576.00 EUR |\n" * 9,
    "code": "def retry(n: int) -> None:\n    for _ in range(n):\n        await client.post(f'{url}/v1/files/{id}')\n",
}


@dataclass
class Answered:
    """An answer, and what the trace tells of it."""

    answer: WorkerAnswer
    events: list[Event]

    def step(self, kind: str) -> TraceEnd:
        """The end of the one step of that type."""
        (began,) = [event for event in self.events if isinstance(event, TraceStart) and event.step_type == kind]
        return next(event for event in self.events if isinstance(event, TraceEnd) and event.step_id == began.step_id)

    @property
    def gathered(self) -> str:
        return self.step("retrieve").output or ""


def document(subject: str, days: int) -> str:
    """A document of three passages."""
    sections = (
        f"## {aspect}\n\nThe {subject} are {verb} for {days} days. {'This holds for every plan alike. ' * 25}\n"
        for aspect, verb in (("Keeping", "kept"), ("Checking", "checked"), ("Showing", "shown"))
    )
    return f"# About {subject}\n\n" + "\n".join(sections)


@pytest.fixture
async def notes(library: Library) -> Library:
    """A library with a folder that is too long for a small window."""
    await learn(library, *(document(subject, days) for days, subject in enumerate(SUBJECTS, 3)))
    return library


async def answer(library: Library, chain: WriterChain, strategy: Strategy = "cag", *, tools: bool = False) -> Answered:
    """The question, answered by an agent of the notes."""
    events: list[Event] = []
    given = {"knowledge": NOTES, "strategy": strategy, "tools": ("search_documents",) if tools else ()}
    task = WorkerTask(agent="billing", question=QUESTION, context="", history=talk(), kept=[], index=0, total=1)
    worker = Worker(EvidenceGatherer(library, Searcher(library)), OutcomeThresholds(0.0))
    said = await worker.answer(task, agent().model_copy(update=given), chain, AnswerStream(), events.append)
    return Answered(said, events)


def talk(turns: int = 6, words: int = 150) -> list[AnyMessage]:
    """A conversation that alone is too long for a small window."""
    return [
        message
        for number in range(turns)
        for message in (HumanMessage(f"Question {number}?"), AIMessage(f"Answer {number}." + " And so on." * words))
    ]


def chain_of(*models: Model) -> WriterChain:
    return WriterChain([ModelWriter(model) for model in models])


def serve(upstream: Upstream, tokens: int) -> None:
    """A model that reads so much."""
    assert isinstance(upstream.server, OpenAIServer)
    upstream.server.card = {"max_model_len": tokens}


@pytest.fixture(autouse=True)
def forget(own: Upstream) -> Iterator[None]:
    """Afterwards the server tells of no window again."""
    yield
    assert isinstance(own.server, OpenAIServer)
    own.server.card = {}


async def test_a_folder_that_fits_the_window_is_read_whole(notes: Library, own: Upstream) -> None:
    serve(own, 32_768)
    heard = await answer(notes, chain_of(own.model()))
    assert heard.gathered.startswith(f"{len(SUBJECTS)} whole documents, ")
    assert own.chats[0].body["messages"][0]["content"].count("<source ") == len(SUBJECTS)
    assert len(own.chats[0].body["messages"]) == len(talk()) + 2


async def test_a_folder_that_outgrows_the_window_is_read_by_passages(notes: Library, own: Upstream) -> None:
    serve(own, 4096)
    heard = await answer(notes, chain_of(own.model()))
    chars = sum(len(document(subject, days).strip()) for days, subject in enumerate(SUBJECTS, 3))
    reads = f"the 4,096 tokens that {own.name} reads"
    assert f"because {len(SUBJECTS)} documents of {chars:,} characters do not fit {reads}" in heard.gathered
    (asked,) = own.chats
    assert f"are kept for {SUBJECTS.index('backups') + 3} days" in asked.body["messages"][0]["content"]
    assert sum(estimate_tokens(message["content"]) for message in asked.body["messages"]) <= 4096 - 1024
    assert heard.answer["text"] == "".join(TOKENS)


async def test_the_narrowest_model_of_a_chain_decides(notes: Library, own: Upstream, openai: Upstream) -> None:
    serve(own, 4096)
    for chain in (chain_of(own.model(), openai.model()), chain_of(openai.model(), own.model())):
        assert f"do not fit the 4,096 tokens that {own.name} reads" in (await answer(notes, chain)).gathered


async def test_the_embedded_model_sets_no_limit(notes: Library) -> None:
    writer = ExtractiveWriter()
    assert writer.name == EMBEDDED
    assert await WriterChain([writer]).window() is None
    assert "whole documents" in (await answer(notes, WriterChain([writer]))).gathered


@pytest.mark.parametrize("strategy", ["cag", "rag", "hybrid"])
async def test_what_tools_find_fits_too(notes: Library, own: Upstream, strategy: Strategy) -> None:
    serve(own, 4096)
    searches = [
        Script((), calls=(Called("search_documents", f'{{"query": "how long are {subject} shown?"}}'),))
        for subject in ("taxes", "seats")
    ]
    own.server.script = lambda request: [*searches, Script()][min(len(own.chats), 3) - 1]
    heard = await answer(notes, chain_of(own.model()), strategy, tools=True)
    assert heard.answer["text"] == "".join(Script().tokens)
    last = own.chats[-1].body["messages"]
    assert [message["role"] for message in last[-4:]] == ["assistant", "tool", "assistant", "tool"]
    assert sum(estimate_tokens(message["content"] or "") for message in last) <= 4096


def test_of_a_long_conversation_the_newest_turns_are_told() -> None:
    window = ContextWindow(parse_model("openai:gpt-4"), 8192, 1024)
    history = talk(turns=12)
    kept = recent(history, window)
    assert 2 <= len(kept) < len(history)
    assert list(kept) == history[-len(kept) :]
    assert kept[0].type == "human"
    assert recent(history[:1], window) == tuple(history[:1])
    assert recent(history[-1:], window) == tuple(history[-1:])
    assert recent(talk(turns=1, words=5000), window) == ()
    assert recent(history, None) == tuple(history)


@pytest.fixture(scope="module")
def llama() -> Iterator[LlamaServer]:
    """A real model with a small window."""
    with llama_server(context=SMALL) as running:
        yield running


@pytest.fixture
async def small(llama: LlamaServer) -> Model:
    """The desk's own way to it."""
    name = parse_model(f"openai-compatible:@{llama.url}")
    settings = AgentSettings(
        model_first_token_seconds=60, model_idle_seconds=30, model_max_tokens=ANSWER, supervisor_model="embedded"
    )
    return Model(name, lambda: OpenAIProvider(name, settings), CircuitBreaker(), settings)


async def test_llama_cpp_tells_its_window(small: Model) -> None:
    assert await small.window() == ContextWindow(small.name, SMALL, ANSWER)
    await small.close()


@pytest.mark.parametrize("strategy", ["cag", "rag", "hybrid"])
async def test_llama_cpp_answers_from_what_it_has_room_for(notes: Library, small: Model, strategy: Strategy) -> None:
    heard = await answer(notes, chain_of(small), strategy)
    wrote = heard.step("generate")
    assert (wrote.status, wrote.model) == ("completed", small.name.public_name)
    assert heard.answer["text"]
    assert wrote.usage
    assert SMALL / 2 < wrote.usage.prompt <= SMALL - ANSWER
    assert f"do not fit the 2,048 tokens that {small.name} reads" in heard.gathered
    await small.close()


async def test_llama_cpp_refuses_what_it_has_no_room_for(notes: Library, small: Model) -> None:
    whole = await gather(notes, QUESTION, strategy="cag")
    heard = await hear(small, ModelRequest(messages_for(prompt_of(whole, QUESTION))))
    assert heard.failure
    assert heard.failure.kind is FailureKind.TOO_LONG
    await small.close()


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_taken_for_no_fewer_tokens_than_it_is(llama: LlamaServer, name: str) -> None:
    with llama.client() as client:
        tokens = client.post("/tokenize", json={"content": TEXTS[name]}).raise_for_status().json()["tokens"]
    assert len(tokens) <= estimate_tokens(TEXTS[name]) <= 1.7 * len(tokens)
