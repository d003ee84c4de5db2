"""A worker: one agent gathers evidence and answers from it, or says that it does not know."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from agents.answering import canned_replies
from agents.answering.answer_parts import AnswerPart, merge_evidence
from agents.answering.not_known import says_not_known
from agents.answering.prompt import Prompt, recent, room_beside
from agents.answering.sources import SourceNumbering
from agents.answering.support_score import quotation_support, score
from agents.answering.tools import Toolbox
from agents.answering.writer import QuotedText, WriterChain, WriterChunk
from agents.catalog import Agent
from agents.graph.answer_stream import AnswerStream, Emit
from agents.graph.state import WorkerAnswer, WorkerTask, reading_of
from agents.models.fallback import FallbackTrace, WithdrawnAnswer
from agents.tracing import trace_step
from frontdesk.contracts.events import FinishReason, Handoff, Support
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer
from knowledge.text.characters import storable

HISTORY_MESSAGES = 12
UNANSWERED = ("hedged", "declined")


@dataclass(frozen=True)
class Worker:
    """The worker, which answers for any agent of the catalogue."""

    strategies: EvidenceGatherer
    thresholds: OutcomeThresholds

    async def answer(
        self,
        task: WorkerTask,
        agent: Agent,
        chain: WriterChain,
        answer_stream: AnswerStream,
        emit: Emit,
        owner: str = "",
    ) -> WorkerAnswer:
        """Gather evidence, then stream the answer from it."""
        parallel = (task["index"], task["total"]) if task["total"] > 1 else None
        with trace_step(emit, "agent", agent.name, agent=agent.id, parallel=parallel) as whole:
            window = await chain.window()
            history = recent(task["history"], window)
            numbering = SourceNumbering(
                agent.id, answer_stream, emit, room_beside(agent, task["question"], history, window)
            )
            evidence, parts = await self._gather_evidence(task, agent, owner, numbering, emit, whole.id)
            prompt = Prompt(
                agent=agent,
                question=task["question"],
                context=task["context"],
                history=history,
                evidence=evidence,
                first_number=numbering.begin(evidence),
                toolbox=self._make_toolbox(task, agent, owner, numbering, emit, whole.id),
                parts=parts,
                message=reading_of(task),
            )
            whole.emit_progress(0.3)
            output = _WorkerOutput(agent.id, answer_stream, emit)
            if any(part.outcome != "decline" for part in parts):
                trail = FallbackTrace(emit, agent.id, whole.id)
                async with aclosing(chain.write(prompt, trail)) as pieces:
                    async for piece in pieces:
                        output.add_piece(piece)
            _end_answer(output, prompt, task, emit)
            answer_stream.finish_agent(agent.id, emit)
            if output.quoted:
                output.support = quotation_support(output.quoted)
            elif output.finish_reason != "declined":
                output.support = await score(output.text, numbering.texts, self.strategies.embedder)
        return output.worker_answer(evidence.kept)

    async def _gather_evidence(
        self, task: WorkerTask, agent: Agent, owner: str, numbering: SourceNumbering, emit: Emit, parent: str
    ) -> tuple[Evidence, tuple[AnswerPart, ...]]:
        """Return the evidence, as a whole and for each part of the question."""
        translated = task.get("search_text")
        questions = [translated] if translated else task.get("parts") or [task["question"]]
        headings = questions if translated else task.get("headings") or questions
        with trace_step(emit, "retrieve", agent.strategy, agent=agent.id, parent=parent) as retrieving:
            gathered = [
                await self.strategies.gather(
                    agent.strategy,
                    agent.knowledge,
                    question,
                    owner=owner,
                    context="" if translated else task["context"],
                    kept=task["kept"],
                    room=numbering.room.share(len(questions)),
                )
                for question in questions
            ]
            evidence, numbered = merge_evidence(gathered)
            parts = tuple(
                AnswerPart(question, part, self.thresholds.outcome(part.confidence), heading)
                for question, heading, part in zip(questions, headings, numbered, strict=True)
            )
            found = ", ".join(f"{part.evidence.confidence:.2f} ({part.outcome})" for part in parts)
            retrieving.output = f"{evidence.told}; confidence {found}"
        return evidence, parts

    def _make_toolbox(
        self, task: WorkerTask, agent: Agent, owner: str, numbering: SourceNumbering, emit: Emit, parent: str
    ) -> Toolbox:
        async def gather_passages(query: str) -> Evidence:
            # Passages alone: an agent that reads whole documents has them already.
            return await self.strategies.gather("rag", agent.knowledge, query, owner=owner, room=numbering.room)

        return Toolbox(agent, gather_passages, self.thresholds.decline, numbering, _handoff_summary(task), emit, parent)


@dataclass
class _WorkerOutput:
    """The text of one agent as it is streamed."""

    agent: str
    answer_stream: AnswerStream
    emit: Emit
    pieces: list[str] = field(default_factory=list)
    finish_reason: FinishReason = "stop"
    reduced: bool = False
    support: Support | None = None
    quoted: QuotedText | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def add_piece(self, piece: WriterChunk | WithdrawnAnswer) -> None:
        """Take the next piece from a writer: stream its text, or withdraw the text so far."""
        if isinstance(piece, WithdrawnAnswer):
            self.pieces.clear()
            self.quoted = None
            self.answer_stream.withdraw_agent(self.agent, piece.reason, piece.model, self.emit)
            return
        self.finish_reason = piece.finish or self.finish_reason
        self.reduced = piece.reduced
        if piece.quoted and piece.quoted.text:
            self.quoted = piece.quoted
            self.finish_reason = "stop" if piece.quoted.is_sure else "hedged"
        if piece.text:
            self.add_text(piece.text)

    def add_text(self, text: str) -> None:
        text = storable(text)
        self.pieces.append(text)
        self.answer_stream.write_text(self.agent, text, self.emit)

    def worker_answer(self, kept: Sequence[int]) -> WorkerAnswer:
        return WorkerAnswer(
            agent=self.agent,
            text=self.text,
            finish_reason=self.finish_reason,
            kept=list(kept),
            reduced=self.reduced and self.finish_reason != "declined",
            last_number=self.answer_stream.last_number,
            support=self.support.model_dump_json() if self.support else None,
            see_also=list(self.quoted.see_also) if self.quoted else [],
            highlights=[list(marked) for marked in self.quoted.highlights] if self.quoted else [],
        )


def _end_answer(output: _WorkerOutput, prompt: Prompt, task: WorkerTask, emit: Emit) -> None:
    """Say that nothing was found if nothing was written, and offer a person where the question is not answered."""
    has_handed_over = prompt.toolbox is not None and prompt.toolbox.handed_over
    # An empty answer counts as not knowing.
    if not output.text.strip():
        related = prompt.evidence.numbered_from(prompt.first_number).by_relevance
        output.add_text(canned_replies.unknown(related, prompt.message))
        output.finish_reason = "declined"
    elif output.finish_reason == "stop" and not output.quoted and says_not_known(output.text):
        output.finish_reason = "declined"
    if output.finish_reason in UNANSWERED and not has_handed_over:
        reason = "no document answers the question"
        emit(Handoff(cause="unanswered", reason=reason, summary=_handoff_summary(task), agent=output.agent))
    elif has_handed_over and output.finish_reason == "stop":
        output.finish_reason = "handoff"


def _handoff_summary(task: WorkerTask) -> str:
    """Return the user's own words, newest last."""
    said = [message.text for message in task["history"] if message.type == "human"]
    return "\n".join([*said[-3:], task["question"]])
