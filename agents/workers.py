"""A worker: one agent gathers its evidence and answers from it, or says that it does not know."""

from dataclasses import dataclass
from typing import TypedDict

from langchain_core.messages import AnyMessage

from agents import phrases
from agents.catalog import Agent
from agents.events import FinishReason, Handoff, Source, Sources, Usage
from agents.floor import Emit, Floor
from agents.prompts import Prompt
from agents.tracing import step
from agents.writers import Writer
from knowledge.strategies import Evidence, Excerpt, Strategies

_SNIPPET_CHARS = 320
HISTORY_MESSAGES = 12


class Task(TypedDict):
    """What the supervisor sends a worker."""

    agent: str
    question: str
    context: str
    history: list[AnyMessage]
    kept: list[int]
    index: int
    total: int


class Answer(TypedDict):
    """What a worker gives back."""

    agent: str
    text: str
    finish_reason: FinishReason
    kept: list[int]


@dataclass(frozen=True)
class Worker:
    """Answers for any agent of the catalogue."""

    strategies: Strategies
    threshold: float

    async def answer(self, task: Task, agent: Agent, writer: Writer, floor: Floor, emit: Emit) -> Answer:
        """Evidence first, then the answer from it."""
        parallel = (task["index"], task["total"]) if task["total"] > 1 else None
        with step(emit, "agent", agent.name, agent=agent.id, parallel=parallel) as whole:
            evidence = await self._gather(task, agent, floor, emit, whole.id)
            whole.update(0.3)
            speech: list[str] = []

            def say(text: str) -> None:
                # Half of a character that a model cut in two can neither be stored nor sent.
                text = text.encode("utf-8", "replace").decode()
                speech.append(text)
                floor.speak(agent.id, text, emit)

            if evidence.confidence >= self.threshold:
                prompt = Prompt(agent, task["question"], task["context"], tuple(task["history"]), evidence)
                with step(emit, "generate", writer.model, agent=agent.id, parent=whole.id) as generating:
                    usage = Usage()
                    async for written in writer.write(prompt):
                        if written.text:
                            say(written.text)
                        usage = written.usage or usage
                    generating.usage = usage
            finish_reason: FinishReason = "stop"
            # A writer that found nothing to say does not know either.
            if not "".join(speech).strip():
                say(phrases.unknown(evidence.by_relevance))
                emit(Handoff(reason="no document answers the question", summary=_summary(task), agent=agent.id))
                finish_reason = "declined"
            floor.finish(agent.id, emit)
        return Answer(agent=agent.id, text="".join(speech), finish_reason=finish_reason, kept=list(evidence.kept))

    async def _gather(self, task: Task, agent: Agent, floor: Floor, emit: Emit, parent: str) -> Evidence:
        with step(emit, "retrieve", agent.strategy, agent=agent.id, parent=parent) as retrieving:
            evidence = await self.strategies.gather(
                agent.strategy, agent.knowledge, task["question"], context=task["context"], kept=task["kept"]
            )
            retrieving.output = f"{len(evidence.excerpts)} sources, confidence {evidence.confidence:.2f}"
        evidence = evidence.numbered_from(floor.reserve_numbers(len(evidence.excerpts)))
        emit(Sources(agent=agent.id, sources=[_source(excerpt, agent.id) for excerpt in evidence.by_relevance]))
        return evidence


def _source(excerpt: Excerpt, agent: str) -> Source:
    snippet = excerpt.text if len(excerpt.text) <= _SNIPPET_CHARS else excerpt.text[:_SNIPPET_CHARS].rstrip() + " ..."
    return Source(
        id=excerpt.number,
        title=excerpt.title,
        uri=excerpt.uri,
        section=excerpt.section,
        snippet=snippet,
        score=round(excerpt.score, 4),
        agent=agent,
        document_id=excerpt.document_id,
        version=excerpt.version,
    )


def _summary(task: Task) -> str:
    """The user's own words, newest last."""
    said = [message.text for message in task["history"] if message.type == "human"]
    return "\n".join([*said[-3:], task["question"]])
