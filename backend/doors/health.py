"""Whether the desk is up, what it serves, and how the models behind it are."""

from typing import Any

import psutil
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import HTTPConnection

from agents.models.failures import Kind
from agents.models.model import Model
from agents.models.names import EMBEDDED, ModelName
from agents.models.orders import Order
from backend.desk import Desk
from backend.doors.common import Operator, TheDesk, TheUser, fails, is_known
from backend.errors import NotReady
from backend.version import VERSION

router = APIRouter(tags=["health"])


@router.get("/", include_in_schema=False)
async def home() -> dict[str, Any]:
    """Where to go from here."""
    return {"name": "Frontdesk", "ask": "POST /chat", "stream": "POST /chat/stream", "every door": "/openapi.json"}


@router.get("/ready", responses=fails(503))
async def ready(desk: TheDesk) -> dict[str, str]:
    """Whether questions can be taken now; 503 with the reason while they cannot."""
    if desk.runs.stopping:
        raise NotReady("the desk is being stopped")
    workers = desk.chains.workers
    status, reason = _verdict(desk, workers, {agent: _answering(desk, order) for agent, order in workers.items()})
    if status == "unavailable":
        raise NotReady(reason or status)
    return {"status": "ready"}


@router.get("/info", responses=fails(401))
async def info(desk: TheDesk, user: TheUser) -> dict[str, Any]:
    """What this desk is: its version, its agents, its limits, and who you are to it."""
    settings = desk.settings
    return {
        "name": "Frontdesk",
        "version": VERSION,
        "catalog": settings.catalog,
        "agents": [{"id": agent.id, "name": agent.name} for agent in desk.catalog.agents],
        "user": {"id": user.id, "operator": user.operator},
        "limits": {
            "message_chars": settings.max_message_chars,
            "document_bytes": settings.max_document_bytes,
            "rate": settings.rate or None,
            "daily_tokens": settings.daily_tokens or None,
            "daily_usd": settings.daily_usd or None,
        },
    }


@router.get("/metrics", response_class=Response, responses=fails(401, 403))
async def metrics(desk: TheDesk, user: Operator) -> Response:
    """What Prometheus reads."""
    return Response(desk.metrics.page(), media_type=CONTENT_TYPE_LATEST)


@router.get("/health")
async def health(connection: HTTPConnection, desk: TheDesk, response: Response) -> dict[str, Any]:
    """The agents, who would answer for each, every model's state, and the memory of this process.

    `reduced` while some agent can only quote because its models fail; 503 while some agent has no model at all.
    Whoever has no key learns the status alone.
    """
    await desk.models.check_servers()
    documents = await desk.library.listing()
    # The agents of this moment: one may come or go meanwhile.
    agents, workers = desk.catalog.agents, desk.chains.workers
    answering = {agent: _answering(desk, order) for agent, order in workers.items()}
    status, reason = _verdict(desk, workers, answering)
    if status == "unavailable":
        response.status_code = 503
    if not is_known(connection, desk):
        return {"status": status}
    return {
        "status": status,
        "reason": reason,
        "memory_bytes": psutil.Process().memory_info().rss,
        "models": [_model(desk.models.get(name), users) for name, users in _users(desk, workers).items()],
        "supervisor": _supervisor(desk),
        "agents": [
            {
                "id": agent.id,
                "documents": sum(info.folder == agent.knowledge for info in documents),
                "model": str(answering[agent.id]) if answering[agent.id] else None,
                "models": [str(name) for name in workers[agent.id].models],
            }
            for agent in agents
        ],
    }


def _supervisor(desk: Desk) -> dict[str, Any]:
    answering = _answering(desk, desk.chains.supervisor)
    return {
        "model": str(answering) if answering else None,
        "models": [str(name) for name in desk.chains.supervisor.models],
    }


def _answering(desk: Desk, order: Order) -> ModelName | None:
    """The first model of a chain that is not known to fail."""
    return next((name for name in order.models if name == EMBEDDED or not desk.models.get(name).failing), None)


def _users(desk: Desk, workers: dict[str, Order]) -> dict[ModelName, list[str]]:
    """Every model that may be asked now, with the supervisor and the agents that may ask it."""
    users: dict[ModelName, list[str]] = {}
    for user, order in {"supervisor": desk.chains.supervisor, **workers}.items():
        for name in order.models:
            if name != EMBEDDED:
                users.setdefault(name, []).append(user)
    return users


def _model(model: Model, users: list[str]) -> dict[str, Any]:
    return {
        "model": str(model.name),
        "used_by": users,
        "state": model.state,
        "reason": str(model.last) if model.last else None,
        "breaker": model.breaker,
    }


def _verdict(desk: Desk, workers: dict[str, Order], answering: dict[str, ModelName | None]) -> tuple[str, str | None]:
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


def _failing(desk: Desk, order: Order) -> str:
    """The models of a chain that are counted on and fail."""
    models = [desk.models.get(name) for name in order.models if name != EMBEDDED]
    return "; ".join(
        f"{model.name} {failure}"
        for model in models
        if (failure := model.failing) and not (order.assumed and failure.kind is Kind.NO_CREDENTIALS)
    )
