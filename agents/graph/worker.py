"""A worker: one agent gathers evidence and answers from it, or says that it does not know."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from agents.answering import canned_replies
from agents.answering.prompt import Prompt, recent, room_beside
from agents.answering.sources import SourceNumbering
from agents.answering.support_score import score
from agents.answering.tools import Toolbox
from agents.answering.writer import WriterChain, WriterChunk
from agents.catalog import Agent
from agents.graph.answer_stream import AnswerStream, Emit
from agents.graph.state import WorkerAnswer, WorkerTask
from agents.models.fallback import FallbackTrace, WithdrawnAnswer
from agents.tracing import step
from frontdesk.contracts.events import FinishReason, Handoff, Support
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer
from knowledge.text.characters import storable

HISTORY_MESSAGES = 12


@dataclass(frozen=True)
class Worker:
    """The worker, which answers for any agent of the catalogue."""

    strategies: EvidenceGatherer
    threshold: float

    async def answer(
        self, task: WorkerTask, agent: Agent, chain: WriterChain, floor: AnswerStream, emit: Emit, owner: str = ""
    ) -> WorkerAnswer:
        """Gather evidence, then stream the answer from it."""
        parallel = (task["index"], task["total"]) if task["total"] > 1 else None
        with step(emit, "agent", agent.name, agent=agent.id, parallel=parallel) as whole:
            window = await chain.window()
            history = recent(task["history"], window)
            shown = SourceNumbering(agent.id, floor, emit, room_beside(agent, task["question"], history, window))
            evidence, first_number = await self._gather(task, agent, owner, shown, emit, whole.id)
            toolbox = self._toolbox(task, agent, owner, shown, emit, whole.id)
            whole.update(0.3)
            speech = _WorkerOutput(agent.id, floor, emit)
            if evidence.confidence >= self.threshold:
                prompt = Prompt(agent, task["question"], task["context"], history, evidence, first_number, toolbox)
                async with aclosing(chain.write(prompt, FallbackTrace(emit, agent.id, whole.id))) as pieces:
                    async for piece in pieces:
                        speech.hear(piece)
            # An empty answer counts as not knowing.
            if not speech.text.strip():
                speech.say(canned_replies.unknown(evidence.numbered_from(first_number).by_relevance))
                speech.finish_reason = "declined"
                if not toolbox.handed_over:
                    reason = "no document answers the question"
                    emit(Handoff(cause="unanswered", reason=reason, summary=_summary(task), agent=agent.id))
            elif toolbox.handed_over and speech.finish_reason == "stop":
                speech.finish_reason = "handoff"
            floor.finish(agent.id, emit)
            if speech.finish_reason != "declined":
                speech.support = await score(speech.text, shown.texts, self.strategies.embedder)
        return speech.answer(evidence.kept)

    async def _gather(
        self, task: WorkerTask, agent: Agent, owner: str, shown: SourceNumbering, emit: Emit, parent: str
    ) -> tuple[Evidence, int]:
        """Return the evidence, and the number of its first source in the answer."""
        with step(emit, "retrieve", agent.strategy, agent=agent.id, parent=parent) as retrieving:
            evidence = await self.strategies.gather(
                agent.strategy,
                agent.knowledge,
                task["question"],
                owner=owner,
                context=task["context"],
                kept=task["kept"],
                room=shown.room,
            )
            retrieving.output = f"{evidence.told}; confidence {evidence.confidence:.2f}"
        return evidence, shown.begin(evidence)

    def _toolbox(
        self, task: WorkerTask, agent: Agent, owner: str, shown: SourceNumbering, emit: Emit, parent: str
    ) -> Toolbox:
        async def gather(query: str) -> Evidence:
            # Passages alone: an agent that reads whole documents has them already.
            return await self.strategies.gather("rag", agent.knowledge, query, owner=owner, room=shown.room)

        return Toolbox(agent, gather, self.threshold, shown, _summary(task), emit, parent)


@dataclass
class _WorkerOutput:
    """The text of one agent as it is streamed."""

    agent: str
    floor: AnswerStream
    emit: Emit
    said: list[str] = field(default_factory=list)
    finish_reason: FinishReason = "stop"
    reduced: bool = False
    support: Support | None = None

    @property
    def text(self) -> str:
        return "".join(self.said)

    def hear(self, piece: WriterChunk | WithdrawnAnswer) -> None:
        """Take the next piece from a writer: stream its text, or withdraw the text so far."""
        if isinstance(piece, WithdrawnAnswer):
            self.said.clear()
            self.floor.withdraw(self.agent, piece.reason, piece.model, self.emit)
            return
        self.finish_reason = piece.finish or self.finish_reason
        self.reduced = piece.reduced
        if piece.text:
            self.say(piece.text)

    def say(self, text: str) -> None:
        text = storable(text)
        self.said.append(text)
        self.floor.speak(self.agent, text, self.emit)

    def answer(self, kept: Sequence[int]) -> WorkerAnswer:
        return WorkerAnswer(
            agent=self.agent,
            text=self.text,
            finish_reason=self.finish_reason,
            kept=list(kept),
            reduced=self.reduced and self.finish_reason != "declined",
            last_number=self.floor.last_number,
            support=self.support.model_dump_json() if self.support else None,
        )


def _summary(task: WorkerTask) -> str:
    """Return the user's own words, newest last."""
    said = [message.text for message in task["history"] if message.type == "human"]
    return "\n".join([*said[-3:], task["question"]])
