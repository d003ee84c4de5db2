"""The assistant: turns a question into typed events. The only module that knows both LangGraph and the events.

A turn cut off by a restart of the server resumes from its last checkpoint: agents that had finished are not asked
again. An abandoned turn leaves a conversation in which every question has its answer. A withdrawn turn is forgotten by
the next one.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from agents.answering import canned_replies
from agents.answering.support_score import support_of
from agents.answering.whole_answer import highlights_of, place_answers, see_also_of
from agents.errors import AnswerGivenUp
from agents.graph.answer_stream import AnswerStream
from agents.graph.state import RunContext, WorkerAnswer
from agents.graph.supervisor import SUPERVISOR, Supervisor, finish_reason_of, register_agents
from frontdesk.contracts.events import EVENTS, Event, FinishReason, Highlight, Reset, Support, Token

# The metadata key for the run that a checkpoint belongs to.
_RUN = "desk_run"


@dataclass(frozen=True)
class AssistantRequest:
    """A question in its conversation.

    `said` is the text already streamed by an earlier attempt, if there was one; `request` holds what the client sent
    beside the question, in the format of the endpoint that received it. `asks_again` is True if the question replaces
    an earlier one.
    """

    question: str
    thread_id: str
    run_id: str
    agent: str | None = None
    owner: str = ""
    said: str | None = None
    request: str | None = None
    asks_again: bool = False


@dataclass(frozen=True)
class AnswerOutcome:
    """The outcome of an answer, known after its last event; `data` is stored with its text."""

    finish_reason: FinishReason
    reduced: bool = False
    data: dict[str, Any] | None = None
    support: Support | None = None
    see_also: list[int] = field(default_factory=list)
    highlights: list[Highlight] = field(default_factory=list)
    cached: bool = False


async def _no_withdrawn_runs(thread_id: str) -> Collection[str]:
    return ()


class Assistant:
    """Answers questions of many conversations at once. `withdrawn` returns the runs of a thread that are withdrawn."""

    def __init__(
        self,
        supervisor: Supervisor,
        memory: BaseCheckpointSaver[str],
        withdrawn: Callable[[str], Awaitable[Collection[str]]] = _no_withdrawn_runs,
    ) -> None:
        self._supervisor = supervisor
        self._memory = memory
        self._withdrawn = withdrawn
        self.graph = supervisor.compile_graph(memory)

    async def stream(self, turn: AssistantRequest) -> AsyncGenerator[Event | AnswerOutcome]:
        """Yield the events of one answer, then its outcome."""
        context = RunContext(AnswerStream(), turn.owner, turn.agent, turn.run_id, turn.asks_again)
        state = None if turn.said is None else await self._left_off(turn)
        if state and _state_source(state) == "update":
            raise AnswerGivenUp("The desk was stopped while it gave this answer up; please ask again.")
        for again in self._take_up(turn, state, context):
            yield again
        if state is None or state.tasks:
            graph_input = await self._initial_update(turn) if state is None else None
            async for event in self.graph.astream(
                graph_input, _graph_config(turn), context=context, stream_mode="custom"
            ):
                yield cast(Event, event)
        yield _outcome_of(context)

    async def leave(self, turn: AssistantRequest, said: str) -> None:
        """Remember the text said so far as the answer of a turn that is abandoned."""
        state = await self._left_off(turn)
        if state and state.tasks:
            begin = {"messages": []} if _has_begun(state) else await self._initial_update(turn)
            messages = [*begin["messages"], AIMessage(said or canned_replies.STOPPED)]
            await self.graph.aupdate_state(_graph_config(turn), begin | {"messages": messages}, as_node="close")

    async def _initial_update(self, turn: AssistantRequest) -> dict[str, Any]:
        """Return the state update that adds the question and forgets a withdrawn turn before it."""
        question = HumanMessage(turn.question, id=turn.run_id)
        begin: dict[str, Any] = {"answers": None, "told": None, "routed": [], "kept_before": None}
        forgotten: list[RemoveMessage] = []
        if withdrawn := await self._withdrawn(turn.thread_id):
            # Read from the checkpoint: a state would include writes of finished tasks, which LangGraph drops here.
            stored = await self._memory.aget_tuple(_graph_config(turn))
            held = stored.checkpoint["channel_values"] if stored else {}
            messages = held.get("messages", [])
            # A question's message id is its run's id, and nothing follows it but its answer.
            first = next((number for number, said in enumerate(messages) if said.id in withdrawn), len(messages))
            forgotten = [RemoveMessage(id=said.id) for said in messages[first:]]
            before = held.get("kept_before")
            if forgotten and before is not None:
                begin["kept"] = {agent: before.get(agent, []) for agent in held.get("kept", {})}
        return begin | {"messages": [*forgotten, question]}

    async def _left_off(self, turn: AssistantRequest) -> StateSnapshot | None:
        """Return the stored state of the turn, with what its agents have finished, or None if nothing is stored.

        A turn without tasks has ended: `next` leaves out tasks that are done, though the graph goes on from them.
        """
        state = await self.graph.aget_state(_graph_config(turn))
        return state if (state.metadata or {}).get(_RUN) == turn.run_id else None

    def _take_up(self, turn: AssistantRequest, state: StateSnapshot | None, context: RunContext) -> list[Event]:
        """Return the events that resume the turn: reset an earlier attempt, then replay what agents had finished."""
        events: list[Event] = [Reset(reason="the desk was restarted in the middle of this answer")] if turn.said else []
        if state is None:
            return events
        if not _has_begun(state):
            return events
        finished: list[WorkerAnswer] = state.values["answers"]
        context.answers = finished
        # The event log may be a moment behind the checkpoint: sources and handoffs may be sent twice.
        told = [EVENTS.validate_json(event) for event in state.values.get("told") or []]
        closing = state.values["messages"][-1]
        if isinstance(closing, AIMessage):
            context.text = whole = closing.text
            return told if whole == turn.said else [*events, *told, Token(content=whole, agent=_speaker_of(finished))]
        events += told
        register_agents(context, [self._supervisor.catalog.get(agent) for agent in state.values["routed"]])
        for answer in finished:
            context.answer_stream.replay_answer(answer["agent"], answer["text"], answer["last_number"], events.append)
        return events


def _outcome_of(context: RunContext) -> AnswerOutcome:
    reduced = any(answer["reduced"] for answer in context.answers)
    placed = place_answers(context.text, context.answers)
    support, see_also, highlights = support_of(placed), see_also_of(placed), highlights_of(placed)
    kept = {
        "support": support and support.model_dump(),
        "see_also": see_also,
        "highlights": [highlight.model_dump() for highlight in highlights],
    }
    data = {name: value for name, value in kept.items() if value} or None
    cached = any(answer.get("cached", False) for answer in context.answers)
    return AnswerOutcome(finish_reason_of(context.answers), reduced, data, support, see_also, highlights, cached)


def _graph_config(turn: AssistantRequest) -> RunnableConfig:
    return RunnableConfig(
        configurable={"thread_id": turn.thread_id}, metadata={_RUN: turn.run_id}, run_name=turn.run_id
    )


def _has_begun(state: StateSnapshot) -> bool:
    """Return True if the question has reached the conversation: before that, all in it is of the turn before."""
    return _state_source(state) != "input"


def _state_source(state: StateSnapshot) -> str | None:
    """Return what wrote the state: a new question (`input`), a step of the graph (`loop`), or `leave` (`update`)."""
    return (state.metadata or {}).get("source")


def _speaker_of(answers: Sequence[WorkerAnswer]) -> str:
    return answers[0]["agent"] if len(answers) == 1 else SUPERVISOR
