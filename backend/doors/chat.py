"""The main door: `POST /chat` for a whole answer, `POST /chat/stream` for one word by word."""

import time
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from agents.events import Done, Error, Event, Route, Source, Sources, Spent, Usage
from backend import sse
from backend.doors.common import TheDesk, checked_message
from backend.errors import STATUS_BY_CODE
from backend.responses import error_response
from backend.storage import Run, answer_of

router = APIRouter(tags=["chat"])


class ChatRequest(BaseModel):
    """A message. Messages of one session make a conversation; without a session id a new one begins."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"message": "The upload API returns 413", "session_id": "s1"}]},
    )

    message: str
    session_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:-]{1,128}$")


class ChatResponse(BaseModel):
    """A whole answer."""

    answer: str
    session_id: str
    thread_id: str
    run_id: str
    agents: list[str]
    sources: list[Source]
    usage: Usage
    cost_usd: float
    supervisor: Spent
    workers: Spent
    reduced: bool
    time: float
    finish_reason: str


async def _begin(request: ChatRequest, desk: TheDesk) -> Run:
    """Check the message and start its run, before the first byte of any answer."""
    message = checked_message(request.message, desk.settings.max_message_chars)
    return await desk.runs.start(message, request.session_id or str(uuid.uuid4()))


BegunRun = Annotated[Run, Depends(_begin)]


@router.post("/chat", response_model=ChatResponse)
async def chat(run: BegunRun, desk: TheDesk) -> Response | ChatResponse:
    """The answer at once, when it is whole."""
    events: list[Event] = []
    async for frames in desk.runs.follow(run.id, -1, desk.settings.heartbeat_seconds):
        events.extend(sse.event_of(frame) for frame in frames)
    last = events[-1]
    if isinstance(last, Error):
        return error_response(STATUS_BY_CODE.get(last.code, 500), last.code, last.message, retryable=last.retryable)
    if not isinstance(last, Done):
        return error_response(503, "cancelled", "The answer was stopped before it was whole.", retryable=True)
    answer = await desk.database.read(lambda db: answer_of(db, run.id))
    return ChatResponse(
        answer=answer or "",
        session_id=run.session_id,
        thread_id=run.thread_id,
        run_id=run.id,
        agents=[agent for event in events if isinstance(event, Route) for agent in event.agents],
        sources=[source for event in events if isinstance(event, Sources) for source in event.sources],
        usage=last.usage,
        cost_usd=last.cost_usd,
        supervisor=last.supervisor,
        workers=last.workers,
        reduced=last.reduced,
        time=round(time.time() - run.created_at, 3),
        finish_reason=last.finish_reason,
    )


@router.post("/chat/stream")
async def chat_stream(run: BegunRun, desk: TheDesk) -> Response:
    """The answer as server-sent events: start, route, trace steps, sources, tokens, done."""
    return sse.stream(desk.runs.follow(run.id, -1, desk.settings.heartbeat_seconds))
