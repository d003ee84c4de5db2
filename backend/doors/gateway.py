"""The generation gateway: a task for an agent, as text, as frames of server-sent events; see also `doors.socket`."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agents.events import Cancelled, Done, Error, Event, Reset, Token
from agents.supervisor import SUPERVISOR
from backend import sse
from backend.asking import Asked
from backend.desk import Desk
from backend.doors.agent_chat import check
from backend.doors.answers import Answer, streamed, whole
from backend.doors.common import ASKING, LOOKING, Manner, SessionId, TheDesk, TheUser
from backend.doors.frames import Generation
from backend.doors.runs import Stopped
from backend.doors.schemas import GATEWAY_STREAM
from backend.storage import Run
from backend.users import User
from knowledge.errors import DeskError

router = APIRouter(tags=["generation gateway"], responses=ASKING)

ID_HEADER = "X-Generation-ID"
GenerationId = Annotated[UUID | None, Header(alias=ID_HEADER, description="Your own name for the generation.")]
_CUT_OFF = Error(code="shutting_down", message="The desk is being stopped; follow the run again.", retryable=True)


class GenerationRequest(Manner):
    """A task for an agent, with whatever it should know of the circumstances."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [{"agent_type": "billing", "task": "Explain the refund", "context": {"plan": "Team"}}]
        },
    )

    agent_type: str = Field(default=SUPERVISOR, max_length=64)
    task: str
    context: str | dict[str, Any] | None = None
    session_id: SessionId | None = None


@router.post("/agent/generate", response_model=Generation)
async def generate(
    asked: GenerationRequest, request: Request, desk: TheDesk, user: TheUser, generation_id: GenerationId = None
) -> Response:
    """The text, when it is whole."""
    run = await begin(asked, desk, user, generation_id)
    answer = await whole(desk, run, request, asked.on_disconnect)
    headers = {ID_HEADER: run.id}
    if not isinstance(answer, Answer):
        answer.headers.update(headers)
        return answer
    shown = answer.model_dump(mode="json")
    body = {"text": shown.pop("answer"), "generation_id": shown.pop("run_id"), **shown}
    return JSONResponse(body, headers=headers)


@router.post("/agent/stream", response_class=Response, responses=GATEWAY_STREAM)
@router.post(
    "/api/v1/ai/stream", response_class=Response, responses=GATEWAY_STREAM, operation_id="stream_generation_v1"
)
async def stream_generation(
    asked: GenerationRequest, desk: TheDesk, user: TheUser, generation_id: GenerationId = None
) -> Response:
    """The text as it grows: `{token, text}`, and at the end all of it with its usage."""
    desk.streams.check()
    run = await begin(asked, desk, user, generation_id)
    return streamed(desk, run, asked.on_disconnect, _chunks(desk, run), {ID_HEADER: run.id})


@router.post("/agent/cancel/{generation_id}", responses=LOOKING)
async def cancel_generation(generation_id: str, desk: TheDesk, user: TheUser) -> Stopped:
    """Stop a generation, from wherever."""
    run = await desk.runs.cancel(generation_id, user.id, "cancelled by the user")
    return Stopped(run_id=run.id, status="cancelling" if run.ended_at is None else run.status)


async def begin(asked: GenerationRequest, desk: Desk, user: User, generation_id: UUID | None = None) -> Run:
    """Take a task."""
    check(desk, asked.agent_type)
    text = asked.task.strip()
    if asked.context:
        circumstances = asked.context if isinstance(asked.context, str) else json.dumps(asked.context)
        text = f"{text}\n\nContext:\n{circumstances}" if text else ""
    return await desk.runs.start(
        Asked(
            user.id,
            text,
            asked.agent_type,
            session_id=asked.session_id,
            when_busy=asked.when_busy,
            run_id=str(generation_id) if generation_id else None,
        )
    )


async def frames(desk: Desk, run: Run) -> AsyncIterator[dict[str, Any] | None]:
    """The run in the gateway's own words, always with an end; None for each silence."""
    text, ended = "", False
    try:
        async for event in sse.events_of(desk.runs.follow(run.id)):
            if isinstance(event, Token):
                text += event.content
            elif isinstance(event, Reset):
                text = ""
            ended = isinstance(event, Done | Cancelled | Error)
            if event is None:
                yield None
            elif isinstance(event, Token | Reset | Done | Cancelled | Error):
                yield _frame(event, text, run)
    except DeskError as error:
        yield _failed(Error(code=error.code, message=error.message, retryable=error.retryable), run)
        return
    if not ended:
        yield _failed(_CUT_OFF, run)


def _frame(event: Event, text: str, run: Run) -> dict[str, Any]:
    match event:
        case Token():
            return {"token": event.content, "text": text}
        case Reset():
            return {"token": "", "text": "", "reset": event.reason}
        case Done():
            end = {"final": True, "text": text, "usage": event.usage.model_dump(), "generation_id": run.id}
            return {**end, "cost_usd": event.cost_usd, "finish_reason": event.finish_reason}
        case Cancelled():
            return {"cancelled": True, "text": text, "generation_id": run.id}
    assert isinstance(event, Error)  # noqa: S101 - nothing else is handed on
    return _failed(event, run)


def _failed(error: Error, run: Run) -> dict[str, Any]:
    return {"error": error.model_dump(include={"code", "message", "retryable"}), "generation_id": run.id}


async def _chunks(desk: Desk, run: Run) -> AsyncIterator[bytes]:
    async for frame in frames(desk, run):
        yield sse.data(frame) if frame else sse.HEARTBEAT_COMMENT
