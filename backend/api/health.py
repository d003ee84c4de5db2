"""Health and readiness of the desk, its metrics, and what it serves."""

from dataclasses import asdict
from typing import Any, Literal

import psutil
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from agents.models.circuit_breaker import BreakerState
from agents.models.failures import FailureKind
from agents.models.model import Model
from agents.models.model_name import EMBEDDED, ModelName
from agents.models.orders import ModelOrder
from backend.api.deps import Onlooker, TheDesk, TheUser, fails, needs
from backend.desk import OpenDesk
from backend.errors import NotReady
from backend.users import DeskUser
from backend.version import VERSION
from frontdesk.contracts.base import ErrorBody
from frontdesk.contracts.resources import Info, KnownAgent, KnownUser, Limits
from knowledge.storage.documents import DocumentFilter

router = APIRouter(tags=["health"])

Status = Literal["ok", "reduced", "unavailable"]


class ModelChange(BaseModel):
    """The documents are being embedded again with another model; until all are, the earlier one answers."""

    model: str
    next_model: str
    embedded: int
    chunks: int
    problem: str | None


class Ready(BaseModel):
    """The desk takes questions. A change of the embedding model is shown to those who may see the models."""

    status: Literal["ready"] = "ready"
    embedding: ModelChange | None = None


class ModelHealth(BaseModel):
    """A model, who may ask it, and how its last call went."""

    model: str
    used_by: list[str]
    state: str
    reason: str | None
    breaker: BreakerState


class ChainHealth(BaseModel):
    """The model that would answer now, and all that may."""

    model: str | None
    models: list[str]


class AgentHealth(ChainHealth):
    """An agent, its documents, and its models."""

    id: str
    documents: int


class Health(BaseModel):
    """The state of the desk. Its models and where they are: for operators and keys with the scope `metrics` alone."""

    status: Status
    reason: str | None = None
    memory_bytes: int = 0
    models: list[ModelHealth] = []
    supervisor: ChainHealth | None = None
    agents: list[AgentHealth] = []


_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
_UNHEALTHY: dict[int | str, dict[str, Any]] = {
    503: {"description": "Some agent has no model at all, or the desk is being opened.", "model": Health | ErrorBody}
}


async def home() -> dict[str, Any]:
    """Point to the main endpoints."""
    return {"name": "Frontdesk", "ask": "POST /chat", "stream": "POST /chat/stream", "every door": "/openapi.json"}


@router.get("/ready", response_model_exclude_none=True)
async def ready(desk: TheDesk, user: Onlooker) -> Ready:
    """Return 200 while questions can be taken, 503 while they cannot. Failing models are named as at `/health`."""
    if desk.runs.stopping:
        raise NotReady("the desk is being stopped")
    workers = desk.chains.worker_orders
    status, reason = _verdict(desk, workers, {agent: _answering(desk, order) for agent, order in workers.items()})
    if status == "unavailable":
        told = reason if _may_know(user) else None
        raise NotReady(told or "the desk cannot answer now; /health tells an operator why")
    reembedding = desk.library.reembedding
    progress = reembedding.progress if reembedding and _may_know(user) else None
    return Ready(embedding=ModelChange(**asdict(progress)) if progress else None)


@router.get("/info", responses=fails(401), dependencies=[needs("chat", "documents")])
async def info(desk: TheDesk, user: TheUser) -> Info:
    """Return what this desk is: its version, its agents, its limits, and who you are to it."""
    settings = desk.settings
    return Info(
        name="Frontdesk",
        version=VERSION,
        catalog=settings.catalog,
        agents=[KnownAgent(id=agent.id, name=agent.name) for agent in desk.catalog.agents],
        user=KnownUser(id=user.id, operator=user.operator, scopes=sorted(user.scopes)),
        limits=Limits(
            message_chars=settings.max_message_chars,
            document_bytes=settings.max_document_bytes,
            rate=settings.rate or None,
            daily_tokens=settings.daily_tokens or None,
            daily_usd=settings.daily_usd or None,
        ),
        answer_threshold=desk.thresholds.decline,
        hedge_threshold=desk.thresholds.answer,
    )


@router.get("/metrics", response_class=Response, responses={**fails(401), **_PAGE}, dependencies=[needs("metrics")])
async def metrics(desk: TheDesk) -> Response:
    """Return the metrics in Prometheus text format."""
    return Response(desk.metrics.page(), media_type=CONTENT_TYPE_LATEST)


@router.get("/health", response_model_exclude_unset=True, responses=_UNHEALTHY)
async def health(desk: TheDesk, user: Onlooker, response: Response) -> Health:
    """Return the agents, the model that would answer for each, every model's state, and the memory of this process.

    `reduced` while some agent can only quote because its models fail; 503 while some agent has no model at all.
    Without the key of an operator, or one with the scope `metrics`, the reply holds the status alone.
    """
    await desk.models.check_servers()
    documents = await desk.library.by_folder(DocumentFilter())
    # A snapshot: agents may come or go meanwhile.
    agents, workers = desk.catalog.agents, desk.chains.worker_orders
    answering = {agent: _answering(desk, order) for agent, order in workers.items()}
    status, reason = _verdict(desk, workers, answering)
    if status == "unavailable":
        response.status_code = 503
    if not _may_know(user):
        return Health(status=status)
    return Health(
        status=status,
        reason=reason,
        memory_bytes=psutil.Process().memory_info().rss,
        models=[_model(desk.models.get(name), users) for name, users in _users(desk, workers).items()],
        supervisor=ChainHealth(**_chain(desk.chains.supervisor, _answering(desk, desk.chains.supervisor))),
        agents=[
            AgentHealth(
                id=agent.id,
                documents=documents.get(agent.knowledge, 0),
                **_chain(workers[agent.id], answering[agent.id]),
            )
            for agent in agents
        ],
    )


def _may_know(user: DeskUser | None) -> bool:
    """Tell whether a user may see the models and where they are."""
    return user is not None and "metrics" in user.scopes


def _chain(order: ModelOrder, answering: ModelName | None) -> dict[str, Any]:
    return {"model": str(answering) if answering else None, "models": [str(name) for name in order.models]}


def _answering(desk: OpenDesk, order: ModelOrder) -> ModelName | None:
    """Return the first model of a chain that is not known to fail."""
    return next((name for name in order.models if name == EMBEDDED or not desk.models.get(name).known_failure), None)


def _users(desk: OpenDesk, workers: dict[str, ModelOrder]) -> dict[ModelName, list[str]]:
    """Return every model that may be asked now, with the supervisor and the agents that may ask it."""
    users: dict[ModelName, list[str]] = {}
    for user, order in {"supervisor": desk.chains.supervisor, **workers}.items():
        for name in order.models:
            if name != EMBEDDED:
                users.setdefault(name, []).append(user)
    return users


def _model(model: Model, users: list[str]) -> ModelHealth:
    return ModelHealth(
        model=str(model.name),
        used_by=users,
        state=model.state,
        reason=str(model.last) if model.last else None,
        breaker=model.breaker,
    )


def _verdict(
    desk: OpenDesk, workers: dict[str, ModelOrder], answering: dict[str, ModelName | None]
) -> tuple[Status, str | None]:
    if damage := desk.database.damage or desk.memory.damage or desk.library.damage:
        return "unavailable", f"{damage}; the log of the desk says what to do about it"
    orders = {**workers, "supervisor": desk.chains.supervisor}
    for user, name in (*answering.items(), ("supervisor", _answering(desk, desk.chains.supervisor))):
        if name is None:
            return "unavailable", f"no model answers for {user}: {_failing(desk, orders[user])}"
    for agent, name in answering.items():
        if name == EMBEDDED and (failing := _failing(desk, orders[agent])):
            return "reduced", f"answers of {agent} are quoted: {failing}"
    if _answering(desk, desk.chains.supervisor) == EMBEDDED and (failing := _failing(desk, desk.chains.supervisor)):
        return "reduced", f"questions are routed by meaning: {failing}"
    return "ok", None


def _failing(desk: OpenDesk, order: ModelOrder) -> str:
    """Describe the models of a chain that are counted on and fail."""
    models = [desk.models.get(name) for name in order.models if name != EMBEDDED]
    return "; ".join(
        f"{model.name} {failure}"
        for model in models
        if (failure := model.known_failure) and not (order.assumed and failure.kind is FailureKind.NO_CREDENTIALS)
    )
