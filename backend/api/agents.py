"""Agents while the desk serves: list, create, change, switch off and delete them, and try the routing."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from agents.catalog import Agent, Catalog
from agents.conversation.message_reading import read_message
from agents.models.allowance import within_allowance
from agents.models.fallback import FallbackTrace
from agents.models.model_name import EMBEDDED
from agents.routing.router import RoutingQuestion, RoutingResult, route_by_chain
from backend.api.deps import (
    ASKING,
    LOOKING,
    SEARCHING,
    TELLING,
    Operator,
    StrictBody,
    TheActor,
    TheDesk,
    TheUser,
    fails,
    needs,
)
from backend.errors import AgentIdMismatch
from backend.runs.intake import clean
from backend.users import DeskUser
from frontdesk.contracts.events import Event, Spent, TraceEnd
from frontdesk.contracts.resources import RoutedAgent, RouteResponse

router = APIRouter(prefix="/api/agents", tags=["agents"], responses=LOOKING, dependencies=[needs("chat", "documents")])
_CHANGING = {**TELLING, **fails(409)}

_SALES: dict[str, Any] = {
    "id": "sales",
    "name": "Sales",
    "description": "Answers about volume discounts, quotes, demos and trials.",
    "examples": ["Can we get a quote for 500 seats?"],
    "strategy": "rag",
    "knowledge": "sales",
    "model": None,
    "prompt": "You are the sales specialist of this desk. You answer with the exact conditions of the documents.",
    "cache": "off",
    "enabled": True,
}
_AgentId = Annotated[str, Path(max_length=48)]


class NewAgent(Agent):
    """An agent's fields, as in an agent file."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SALES]})


class ChangedAgent(Agent):
    """An agent's new fields, all of them: one that is left out gets its default. What `GET` shows can be sent back."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SALES]})

    id: str = Field(default="", description="May be left out; an agent keeps its id.")
    origin: str = Field(default="", description="Is not changed by what is sent.")


class ShownAgent(Agent):
    """An agent as it serves now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SALES, "origin": "api"}]})

    origin: Literal["file", "api"] = Field(description="file: as its agent file says; api: made or changed over HTTP")


class ListedAgent(BaseModel):
    """An agent as users see it: its prompt, its models and its tools are for operators."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    description: str
    examples: tuple[str, ...]
    knowledge: str
    enabled: bool


class AgentListing(BaseModel):
    """Every agent, in the order of the catalogue, also those that are switched off."""

    agents: list[ShownAgent | ListedAgent]


class Deleted(BaseModel):
    """The id of a deleted agent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"deleted": "sales"}]})

    deleted: str


class RouteRequest(StrictBody):
    """A question to be routed and not answered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "Can I try it before I buy?"}]})

    question: str


@router.get("")
async def list_agents(desk: TheDesk, user: TheUser) -> AgentListing:
    """List every agent, also those that are switched off. Operators see all of their fields."""
    return AgentListing(agents=[_seen(agent, desk.catalog, user) for agent in desk.catalog.all])


@router.get("/{agent_id}")
async def get_agent(agent_id: _AgentId, desk: TheDesk, user: TheUser) -> ShownAgent | ListedAgent:
    """Return one agent. Operators see all of its fields."""
    return _seen(desk.catalog.find_agent(agent_id), desk.catalog, user)


@router.post("", status_code=201, responses=_CHANGING)
async def create_agent(body: NewAgent, desk: TheDesk, user: Operator, actor: TheActor) -> ShownAgent:
    """Create an agent. The next question may be routed to it; its documents are added at `/api/documents`."""
    agent = Agent.model_validate(body.model_dump())
    await desk.registry.create_agent(agent, actor)
    return _shown(agent, desk.catalog)


@router.put("/{agent_id}", responses=_CHANGING)
async def replace_agent(
    agent_id: _AgentId, body: ChangedAgent, desk: TheDesk, user: Operator, actor: TheActor
) -> ShownAgent:
    """Replace an agent's fields. With `enabled` false it is kept, but no question is routed to it."""
    desk.catalog.find_agent(agent_id)
    if body.id not in ("", agent_id):
        raise AgentIdMismatch(f"id: the body says {body.id!r}, the address {agent_id!r}; an agent keeps its id")
    agent = Agent.model_validate({**body.model_dump(exclude={"origin"}), "id": agent_id})
    await desk.registry.replace_agent(agent, actor)
    return _shown(agent, desk.catalog)


@router.delete("/{agent_id}", responses=_CHANGING)
async def delete_agent(agent_id: _AgentId, desk: TheDesk, user: Operator, actor: TheActor) -> Deleted:
    """Delete an agent. Answers under way are finished; its documents stay."""
    await desk.registry.delete_agent(agent_id, actor)
    return Deleted(deleted=agent_id)


@router.post("/route", responses=ASKING, dependencies=[needs("chat"), *SEARCHING])
async def route_question(body: RouteRequest, desk: TheDesk, user: TheUser) -> RouteResponse:
    """Return the agents that the routers would choose for this as the first question of a conversation."""
    question = clean(body.question, desk.settings.max_message_chars)
    if not read_message(question).wants_answer:
        return RouteResponse(
            agents=[], reason="the message asks nothing", confidence=1, needs_human=False, router=None, model=None
        )
    agents = desk.catalog.agents
    # There is no run whose trace could show the decision; what it takes is paid for all the same.
    spent = _Spending()
    async with desk.runs.admission.admitted(user.id, desk.costs.of_routing(question)) as reservation:
        try:
            with within_allowance(reservation):
                asked, trail = RoutingQuestion(question, owner=user.id), FallbackTrace(spent, None, "")
                routed = await route_by_chain(desk.chains.routers, asked, agents, trail)
        finally:
            await desk.stores.spending.add_spending(user.id, spent.total, desk.clock.now())
            if reservation:
                reservation.release()
    return _route_response(routed, {agent.id: agent.name for agent in agents})


class _Spending:
    """The sum of what the steps of a routing decision cost."""

    def __init__(self) -> None:
        self.total = Spent()

    def __call__(self, event: Event) -> None:
        """Add the cost of the next event."""
        if isinstance(event, TraceEnd) and event.usage and event.model != str(EMBEDDED):
            self.total += Spent(usage=event.usage, cost_usd=event.cost_usd or 0)


def _seen(agent: Agent, catalog: Catalog, user: DeskUser) -> ShownAgent | ListedAgent:
    if user.operator:
        return _shown(agent, catalog)
    return ListedAgent(**{name: getattr(agent, name) for name in ListedAgent.model_fields})


def _shown(agent: Agent, catalog: Catalog) -> ShownAgent:
    origin: Literal["file", "api"] = "file" if catalog.base.get(agent.id) == agent else "api"
    return ShownAgent(**dict(agent), origin=origin)


def _route_response(routed: RoutingResult, names: dict[str, str]) -> RouteResponse:
    decision = routed.decision
    return RouteResponse(
        agents=[
            RoutedAgent(id=agent, name=names[agent], question=" ".join(parts))
            for agent, parts in zip(decision.agents, decision.parts, strict=True)
        ],
        reason=decision.reason,
        confidence=round(decision.confidence, 4),
        needs_human=decision.needs_human,
        router=routed.router.kind,
        model=routed.router.name.public_name,
    )
