"""Chat with one agent, and the conversations with it. The supervisor is an agent here too."""

from fastapi import APIRouter
from pydantic import ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from agents.graph.supervisor import SUPERVISOR
from backend.api import threads
from backend.api.chat import ChatRequest
from backend.api.deps import ASKING, LOOKING, SEARCHING, Limit, Offset, TheActor, TheDesk, TheUser, needs
from backend.api.openapi import EVENT_STREAM
from backend.api.threads import ThreadDeleted
from backend.desk import OpenDesk
from backend.encoders.answers import streamed, whole
from backend.encoders.desk_events import DeskEventEncoder
from backend.runs.intake import RunRequest
from backend.storage.threads import Status, ThreadFilter
from frontdesk.contracts.answers import Answer
from frontdesk.contracts.resources import ThreadPage, ThreadWhole

router = APIRouter(prefix="/api/agents/{agent_id}", tags=["agents"], responses=LOOKING, dependencies=[needs("chat")])


class AgentChatRequest(ChatRequest):
    """A message for one agent. Without a thread or a session a conversation begins."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"message": "How do I get a refund?", "stream": False}]},
    )

    stream: bool = False


@router.post("/chat", response_model=Answer, responses={**ASKING, **EVENT_STREAM})
async def chat_with_agent(
    agent_id: str, asked: AgentChatRequest, request: Request, desk: TheDesk, user: TheUser
) -> Response | Answer:
    """Return the agent's answer: complete, or with `stream` as server-sent events."""
    check(desk, agent_id)
    if asked.stream:
        desk.streams.check()
    run = await desk.runs.start(
        RunRequest(
            user.id,
            asked.message,
            agent_id,
            asked.session_id,
            asked.thread_id,
            asked.when_busy,
            replaces=asked.replaces,
        )
    )
    if asked.stream:
        return streamed(desk, run, DeskEventEncoder(run), asked.on_disconnect)
    return await whole(desk, run, request, asked.on_disconnect)


@router.get("/threads", dependencies=SEARCHING)
async def list_agent_threads(
    agent_id: str, desk: TheDesk, user: TheUser, limit: Limit = 50, offset: Offset = 0, status: Status = "active"
) -> ThreadPage:
    """List your conversations with the agent, the last used first."""
    check(desk, agent_id, switched_off=True)
    return await threads.page(desk, ThreadFilter(user.id, status, agent_id), limit, offset)


@router.get("/threads/{thread_id}")
async def get_agent_thread(
    agent_id: str, thread_id: str, desk: TheDesk, user: TheUser, limit: Limit = 200, offset: Offset = 0
) -> ThreadWhole:
    """Return one conversation with its messages."""
    return await threads.history(desk, await threads.known(desk, user.id, thread_id, agent_id), limit, offset)


@router.delete("/threads/{thread_id}")
async def delete_agent_thread(
    agent_id: str, thread_id: str, desk: TheDesk, user: TheUser, actor: TheActor, hard_delete: bool = False
) -> ThreadDeleted:
    """Soft-delete a conversation; with `hard_delete`, destroy every trace of it."""
    await threads.known(desk, user.id, thread_id, agent_id)
    return await threads.remove(desk, thread_id, hard_delete, actor)


def check(desk: OpenDesk, agent_id: str, *, switched_off: bool = False) -> None:
    """Refuse an unknown agent, and one that is switched off unless `switched_off`; the supervisor always passes."""
    if agent_id != SUPERVISOR:
        (desk.catalog.find_agent if switched_off else desk.catalog.get)(agent_id)
