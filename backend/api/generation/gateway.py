"""The generation gateway: a task for an agent, answered as text or server-sent events; see also `gateway_ws`."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agents.graph.supervisor import SUPERVISOR
from backend.api.agent_chat import check
from backend.api.deps import ASKING, LOOKING, Manner, SessionId, TheDesk, TheUser, needs
from backend.api.openapi import GATEWAY_STREAM
from backend.api.runs import Stopped, stop
from backend.desk import OpenDesk
from backend.encoders.answers import streamed, whole
from backend.encoders.gateway import GatewayEncoder, generation_of
from backend.runs.intake import RunRequest
from backend.storage.runs import StoredRun
from backend.users import DeskUser
from frontdesk.contracts.answers import Answer
from frontdesk.contracts.gateway import Generation

router = APIRouter(tags=["generation gateway"], responses=ASKING, dependencies=[needs("chat")])

ID_HEADER = "X-Generation-ID"
GenerationId = Annotated[UUID | None, Header(alias=ID_HEADER, description="Your own name for the generation.")]


class GenerationRequest(Manner):
    """A task for an agent, with any context that it should know."""

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
    """Return the text when it is complete."""
    run = await begin(asked, desk, user, generation_id)
    answer = await whole(desk, run, request, asked.on_disconnect)
    headers = {ID_HEADER: run.id}
    if not isinstance(answer, Answer):
        answer.headers.update(headers)
        return answer
    return JSONResponse(generation_of(answer).model_dump(mode="json"), headers=headers)


@router.post("/agent/stream", response_class=Response, responses=GATEWAY_STREAM)
@router.post(
    "/api/v1/ai/stream", response_class=Response, responses=GATEWAY_STREAM, operation_id="stream_generation_v1"
)
async def stream_generation(
    asked: GenerationRequest, desk: TheDesk, user: TheUser, generation_id: GenerationId = None
) -> Response:
    """Stream the text as it grows: `{token, text}`, and at the end all of it with its usage."""
    desk.streams.check()
    run = await begin(asked, desk, user, generation_id)
    return streamed(desk, run, GatewayEncoder(run), asked.on_disconnect, {ID_HEADER: run.id})


@router.post("/agent/cancel/{generation_id}", responses=LOOKING)
async def cancel_generation(generation_id: str, desk: TheDesk, user: TheUser) -> Stopped:
    """Stop a generation, from any client."""
    return await stop(desk, user, generation_id)


async def begin(
    asked: GenerationRequest, desk: OpenDesk, user: DeskUser, generation_id: UUID | None = None
) -> StoredRun:
    """Start the run of a task."""
    check(desk, asked.agent_type)
    text = asked.task.strip()
    if asked.context:
        circumstances = (
            asked.context if isinstance(asked.context, str) else json.dumps(asked.context, ensure_ascii=False)
        )
        text = f"{text}\n\nContext:\n{circumstances}" if text else ""
    return await desk.runs.start(
        RunRequest(
            user.id,
            text,
            asked.agent_type,
            session_id=asked.session_id,
            when_busy=asked.when_busy,
            run_id=str(generation_id) if generation_id else None,
        )
    )
