"""Whether the desk is up, and what it serves."""

from typing import Any

from fastapi import APIRouter

from backend.doors.common import TheDesk

router = APIRouter(tags=["health"])


@router.get("/", include_in_schema=False)
async def home() -> dict[str, Any]:
    """Where to go from here."""
    return {"name": "Frontdesk", "ask": "POST /chat", "stream": "POST /chat/stream", "every door": "/openapi.json"}


@router.get("/health")
async def health(desk: TheDesk) -> dict[str, Any]:
    """The agents, and how many documents each answers from."""
    documents = await desk.library.listing()
    return {
        "status": "ok",
        "agents": [
            {"id": agent.id, "documents": sum(info.folder == agent.knowledge for info in documents)}
            for agent in desk.catalog.agents
        ],
    }
