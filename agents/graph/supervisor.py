"""The supervisor: a graph that routes a question to one to three workers at once and then closes the turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from agents.answering import canned_replies
from agents.answering.writer import WriterChain
from agents.caching.answer_cache import AnswerCache
from agents.catalog import Agent, Catalog
from agents.conversation.message_reading import (
    MessageReading,
    conversation_language,
    has_asked_back,
    questions_among,
    read_message,
)
from agents.graph.answer_stream import Emit
from agents.graph.state import ConversationState, ReplyTask, RunContext, WorkerAnswer, WorkerTask
from agents.graph.worker import HISTORY_MESSAGES, Worker
from agents.models.fallback import FallbackTrace
from agents.models.model_name import EMBEDDED
from agents.routing.router import Router, RoutingDecision, RoutingQuestion, route_by_chain
from agents.tracing import trace_step
from frontdesk.contracts import events
from frontdesk.contracts.events import Event, FinishReason, Handoff, Sources
from knowledge.retrieval.followups import context_for
from knowledge.text.detection import language_of

Graph = CompiledStateGraph[ConversationState, RunContext, Any, Any]


@dataclass(frozen=True)
class Supervisor:
    """The nodes of the graph, with their dependencies."""

    catalog: Catalog
    routers: Sequence[Router]
    worker: Worker
    writers: Callable[[Agent], WriterChain]
    cache: AnswerCache | None = None

    def compile_graph(self, checkpointer: BaseCheckpointSaver[str]) -> Graph:
        """Compile the graph: route -> workers -> close."""
        builder = StateGraph(ConversationState, context_schema=RunContext)
        builder.add_node("route", self.route_question, destinations=("worker", "hand_over", "reply"))
        builder.add_node("worker", self.run_worker, input_schema=WorkerTask)
        builder.add_node("hand_over", self.hand_over)
        builder.add_node("reply", self.send_reply, input_schema=ReplyTask)
        builder.add_node("close", self.close_turn)
        builder.add_edge(START, "route")
        for speaker in ("worker", "hand_over", "reply"):
            builder.add_edge(speaker, "close")
        builder.add_edge("close", END)
        return builder.compile(checkpointer=checkpointer)

    async def route_question(self, state: ConversationState, runtime: Runtime[RunContext]) -> Command[Any]:
        """Understand the question from the conversation, then send it to the agents that should answer."""
        emit: Emit = runtime.stream_writer
        question, earlier = state["messages"][-1].text, _user_turns(state["messages"][:-1])[-_REMEMBERED_TURNS:]
        last_answer = _last_answer(state["messages"])
        is_known = await self.worker.strategies.word_test(runtime.context.owner)
        reading, asked = read_message(question, earlier, last_answer, is_known), questions_among(earlier)
        if not reading.wants_answer:
            text = canned_replies.reply_to(reading, asked, last_answer, self.catalog.agents)
            return Command(goto=Send("reply", ReplyTask(text=text)))
        language = language_of(reading.language)
        context = context_for(question, asked, language, is_reply=has_asked_back(last_answer))
        routing_question = RoutingQuestion(question, context, tuple(asked), runtime.context.owner)
        chosen = runtime.context.agent
        agents = self.catalog.agents if chosen is None else [self.catalog.get(chosen)]
        decision = await self._decide_agents(routing_question, agents, chosen, emit, reading.act == "person")
        if decision.needs_human:
            return Command(goto="hand_over")
        runtime.context.found = decision.found
        known = {agent.id: agent for agent in agents}
        register_agents(runtime.context, [known[agent] for agent in decision.agents])
        tasks = _worker_tasks(state, routing_question, decision, reading)
        update = {"routed": list(decision.agents), "kept_before": state.get("kept", {})}
        return Command(goto=[Send("worker", task) for task in tasks], update=update)

    async def _decide_agents(
        self,
        routing_question: RoutingQuestion,
        agents: Sequence[Agent],
        chosen: str | None,
        emit: Emit,
        asks_for_person: bool,
    ) -> RoutingDecision:
        with trace_step(emit, "route", SUPERVISOR) as routing:
            trail = FallbackTrace(emit, None, routing.id, _SILENT)
            if asks_for_person:
                decision, kind, model = _FOR_A_PERSON, "user", "none"
            elif chosen is None:
                routed = await route_by_chain(self.routers, routing_question, agents, trail)
                decision, kind, model = routed.decision, routed.router.kind, routed.router.name.public_name
            else:
                decision = RoutingDecision((chosen,), ((routing_question.text,),), "chosen by the user", 1.0)
                kind, model = "user", "none"
            names = ", ".join(decision.agents) or "a person"
            routing.output = "; ".join(filter(None, (names, trail.passed_over())))
        emit(_route_event(decision, kind, model))
        return decision

    async def run_worker(self, state: WorkerTask, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Let one agent answer, and return its answer, its sources and handoffs, and the evidence to keep."""
        context, agent = runtime.context, runtime.context.agents[state["agent"]]
        told: list[str] = []

        def emit(event: Event) -> None:
            if isinstance(event, Sources | Handoff):
                told.append(event.model_dump_json())
            runtime.stream_writer(event)

        chain = self.writers(agent)

        async def ask(emit: Emit) -> WorkerAnswer:
            return await self.worker.answer(state, agent, chain, context.answer_stream, emit, context.owner)

        answer = await (self.cache.answer(state, agent, chain, context, emit, ask) if self.cache else ask(emit))
        return {"answers": [answer], "told": told, "kept": {agent.id: answer["kept"]}}

    async def hand_over(self, state: ConversationState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Emit the handoff to a person, for whom the user asked."""
        turns = _user_turns(state["messages"])
        text = canned_replies.handover(conversation_language(turns[-_REMEMBERED_TURNS:]).code)
        handoff = Handoff(reason="the user asked for a person", summary="\n".join(turns[-4:]))
        runtime.stream_writer(handoff)
        return {
            "answers": [_canned_answer(text, "handoff", runtime)],
            "told": [handoff.model_dump_json()],
        }

    async def send_reply(self, state: ReplyTask, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Reply in the desk's own words to a message that no agent answers."""
        return {"answers": [_canned_answer(state["text"], "stop", runtime)]}

    async def close_turn(self, state: ConversationState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Store the answer as it was streamed, and drop the oldest messages beyond the limit."""
        runtime.context.answers, runtime.context.text = state["answers"], runtime.context.answer_stream.text
        surplus = max(0, len(state["messages"]) + 1 - _REMEMBERED_MESSAGES)
        forgotten = [RemoveMessage(id=message.id) for message in state["messages"][:surplus] if message.id]
        return {"messages": [*forgotten, AIMessage(runtime.context.text)]}


SUPERVISOR = "supervisor"
# The embedded router needs no step of its own: the routing step already says everything about it.
_SILENT = frozenset({EMBEDDED})
_REMEMBERED_TURNS = 6
_REMEMBERED_MESSAGES = 40
_FOR_A_PERSON = RoutingDecision((), (), "the user asks for a person", 1.0, needs_human=True)
# In order of precedence: a turn in which one agent answered and another did not know counts as answered.
_REASONS: tuple[FinishReason, ...] = ("length", "stop", "handoff", "hedged", "declined")


def register_agents(context: RunContext, agents: Sequence[Agent]) -> None:
    """Register the agents that are to answer in this run."""
    context.agents = {agent.id: agent for agent in agents}
    context.answer_stream.set_headings(list(agents))


def finish_reason_of(answers: Sequence[WorkerAnswer]) -> FinishReason:
    """Return the finish reason of a whole answer, to which several agents may contribute."""
    reasons = {answer["finish_reason"] for answer in answers}
    return next(reason for reason in _REASONS if reason in reasons)


def _canned_answer(text: str, reason: Literal["handoff", "stop"], runtime: Runtime[RunContext]) -> WorkerAnswer:
    runtime.context.answer_stream.write_text(SUPERVISOR, text, runtime.stream_writer)
    runtime.context.answer_stream.finish_agent(SUPERVISOR, runtime.stream_writer)
    return WorkerAnswer(
        agent=SUPERVISOR, text=text, finish_reason=reason, kept=[], reduced=False, last_number=0, support=None
    )


def _worker_tasks(
    state: ConversationState, routing_question: RoutingQuestion, decision: RoutingDecision, reading: MessageReading
) -> list[WorkerTask]:
    is_alone = len(decision.agents) == 1
    tasks = [
        WorkerTask(
            agent=agent,
            question=routing_question.text if is_alone else " ".join(parts),
            parts=list(parts),
            headings=list(headings),
            context=routing_question.context,
            history=state["messages"][:-1][-HISTORY_MESSAGES:],
            kept=state.get("kept", {}).get(agent, []),
            index=index,
            total=len(decision.agents),
            language=reading.language,
            # One agent says that it is sorry, and not all of them.
            complaint=reading.complaint and not index,
        )
        for index, (agent, parts, headings) in enumerate(
            zip(decision.agents, decision.parts, decision.headings or decision.parts, strict=True)
        )
    ]
    for task, search_text in zip(tasks, decision.search_texts, strict=False):
        task["search_text"] = search_text
    return tasks


def _user_turns(messages: list[AnyMessage]) -> list[str]:
    return [message.text for message in messages if isinstance(message, HumanMessage)]


def _last_answer(messages: Sequence[AnyMessage]) -> str:
    return next((message.text for message in reversed(messages) if isinstance(message, AIMessage)), "")


def _route_event(decision: RoutingDecision, router: str, model: str) -> events.Route:
    return events.Route(
        agents=list(decision.agents),
        reason=decision.reason,
        confidence=round(decision.confidence, 4),
        needs_human=decision.needs_human,
        router=router,
        model=model,
    )
