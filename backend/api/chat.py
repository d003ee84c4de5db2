"""The main endpoints: `POST /chat` for a complete answer, `POST /chat/stream` for one word by word."""

from fastapi import APIRouter
from pydantic import ConfigDict, model_validator
from starlette.requests import Request
from starlette.responses import Response

from backend.api.deps import ASKING, Manner, SessionId, TheDesk, TheUser, needs
from backend.api.openapi import EVENT_STREAM
from backend.desk import OpenDesk
from backend.encoders.answers import streamed, whole
from backend.encoders.desk_events import DeskEventEncoder
from backend.runs.intake import RunRequest
from backend.storage.runs import StoredRun
from backend.users import DeskUser
from frontdesk.contracts.answers import Answer

router = APIRouter(tags=["chat"], responses=ASKING, dependencies=[needs("chat")])


class ChatRequest(Manner):
    """A message. Messages of one session make a conversation; without a session or a thread a new one begins.

    With `replaces`, the id of a conversation's last run, the message takes the place of that run's question, which is
    withdrawn with its answer. Such a message never waits: it is refused while any run of the conversation is under way.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"message": "The upload API returns 413", "session_id": "s1"}]},
    )

    message: str
    session_id: SessionId | None = None
    thread_id: SessionId | None = None
    replaces: SessionId | None = None

    @model_validator(mode="after")
    def _one_conversation(self) -> "ChatRequest":
        if self.session_id is not None and self.thread_id is not None:
            raise ValueError("give session_id or thread_id, not both")
        return self


@router.post("/chat", response_model=Answer)
async def chat(asked: ChatRequest, request: Request, desk: TheDesk, user: TheUser) -> Response | Answer:
    """Return the answer when it is complete."""
    return await whole(desk, await _begin(asked, desk, user), request, asked.on_disconnect)


@router.post("/chat/stream", response_class=Response, responses=EVENT_STREAM)
async def chat_stream(asked: ChatRequest, desk: TheDesk, user: TheUser) -> Response:
    """Stream the answer as server-sent events: start, route, trace steps, sources, tokens, done."""
    desk.streams.check()
    run = await _begin(asked, desk, user)
    return streamed(desk, run, DeskEventEncoder(run), asked.on_disconnect)


async def _begin(asked: ChatRequest, desk: OpenDesk, user: DeskUser) -> StoredRun:
    return await desk.runs.start(
        RunRequest(
            user.id,
            asked.message,
            session_id=asked.session_id,
            thread_id=asked.thread_id,
            when_busy=asked.when_busy,
            replaces=asked.replaces,
        )
    )
