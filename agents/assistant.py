"""The assistant: a question in, typed events out. The only place that knows both LangGraph and the events.

A turn that was cut off, by a restart of the desk, goes on from its last checkpoint: agents that had finished are not
asked again. One that was given up leaves a conversation behind in which every question has its answer.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from agents import phrases
from agents.events import Event, FinishReason, Reset, Token
from agents.floor import Floor
from agents.supervisor import SUPERVISOR, RunContext, Supervisor, finish_reason_of, open_floor
from agents.workers import Answer

# Whose turn a checkpoint is of.
_RUN = "desk_run"


@dataclass(frozen=True)
class Turn:
    """A question in its conversation.

    `said` is what was heard of an attempt before this one, if there was one; `request`, what was asked for beside the
    question, in the words of the door that took it.
    """

    question: str
    thread_id: str
    run_id: str
    agent: str | None = None
    owner: str = ""
    said: str | None = None
    request: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What an answer came to, known when its last event has been given out; `data` is kept with its text."""

    finish_reason: FinishReason
    reduced: bool = False
    data: dict[str, Any] | None = None


class Assistant:
    """Answers questions of many conversations at once."""

    def __init__(self, supervisor: Supervisor, memory: BaseCheckpointSaver[str]) -> None:
        self._supervisor = supervisor
        self.graph = supervisor.graph(memory)

    async def stream(self, turn: Turn) -> AsyncIterator[Event | Outcome]:
        """The events of one answer, then its outcome."""
        context = RunContext(Floor(), turn.owner, turn.agent)
        state = None if turn.said is None else await self._left_off(turn)
        for again in self._take_up(turn, state, context):
            yield again
        if state is None or state.next:
            begin = {"messages": [HumanMessage(turn.question)], "answers": None, "routed": []}
            graph_input = begin if state is None else None
            async for event in self.graph.astream(graph_input, _config(turn), context=context, stream_mode="custom"):
                yield cast(Event, event)
        reduced = any(answer["reduced"] for answer in context.answers)
        yield Outcome(finish_reason_of(context.answers), reduced)

    async def leave(self, turn: Turn, said: str) -> None:
        """The turn was given up: what was said of its answer is remembered as the answer."""
        state = await self._left_off(turn)
        if state and state.next:
            answer = AIMessage(said or phrases.STOPPED)
            await self.graph.aupdate_state(_config(turn), {"messages": [answer]}, as_node="close")

    async def _left_off(self, turn: Turn) -> StateSnapshot | None:
        """Where the turn stands; None where nothing of it is remembered."""
        state = await self.graph.aget_state(_config(turn))
        return state if (state.metadata or {}).get(_RUN) == turn.run_id else None

    def _take_up(self, turn: Turn, state: StateSnapshot | None, context: RunContext) -> list[Event]:
        """What was said of an earlier attempt is withdrawn, and what agents had said to their end is said again."""
        events: list[Event] = [Reset(reason="the desk was restarted in the middle of this answer")] if turn.said else []
        if state is None:
            return events
        finished: list[Answer] = list(state.values.get("answers") or [])
        if not state.next:
            whole, context.answers = state.values["messages"][-1].text, finished
            return [] if whole == turn.said else [*events, Token(content=whole, agent=_speaker(finished))]
        open_floor(context, [self._supervisor.catalog.get(agent) for agent in state.values.get("routed") or []])
        for task in state.tasks:
            finished += cast(dict[str, list[Answer]], task.result or {}).get("answers") or []
        for answer in finished:
            context.floor.resume(answer["agent"], answer["text"], answer["last_number"], events.append)
        return events


def _config(turn: Turn) -> RunnableConfig:
    return RunnableConfig(
        configurable={"thread_id": turn.thread_id}, metadata={_RUN: turn.run_id}, run_name=turn.run_id
    )


def _speaker(answers: Sequence[Answer]) -> str:
    return answers[0]["agent"] if len(answers) == 1 else SUPERVISOR
