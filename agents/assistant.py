"""The assistant: a question in, typed events out. The only place that knows both LangGraph and the events."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig

from agents.events import Event, FinishReason, Spent, TraceEnd, Usage
from agents.floor import Floor
from agents.supervisor import Graph, RunContext


@dataclass(frozen=True)
class Outcome:
    """What an answer came to, known when its last event has been given out."""

    finish_reason: FinishReason
    supervisor: Spent
    workers: Spent
    reduced: bool


class Assistant:
    """Answers questions of many conversations at once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def stream(
        self, question: str, thread_id: str, run_id: str, owner: str = ""
    ) -> AsyncIterator[Event | Outcome]:
        """The events of one answer to a user, then its outcome."""
        context = RunContext(Floor(), owner)
        config = RunnableConfig(configurable={"thread_id": thread_id}, run_name=run_id)
        turn = {"messages": [HumanMessage(question)], "answers": None}
        supervisor, workers = Spent(), Spent()
        async for event in self._graph.astream(turn, config, context=context, stream_mode="custom"):
            match event:
                case TraceEnd(usage=Usage() as used, agent=None):
                    supervisor += Spent(usage=used, cost_usd=event.cost_usd or 0)
                case TraceEnd(usage=Usage() as used):
                    workers += Spent(usage=used, cost_usd=event.cost_usd or 0)
            yield cast(Event, event)
        yield Outcome(context.finish_reason, supervisor, workers, context.reduced)
