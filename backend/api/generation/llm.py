"""The model without an agent: with all messages sent at once, or by session. The caller runs the tools it calls."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from agents.direct_completion import LLM, ChatMessage, CompletionRequest, stray_results
from backend.api.deps import ASKING, Manner, SessionId, TheDesk, TheUser, needs
from backend.api.generation.gateway import ID_HEADER
from backend.api.openapi import LLM_STREAM
from backend.desk import OpenDesk
from backend.encoders.answers import streamed, whole
from backend.encoders.llm import LlmEncoder
from backend.errors import MessageInvalid, ModelDoorsClosed
from backend.runs.intake import RunRequest
from backend.storage.runs import StoredRun
from backend.users import DeskUser
from frontdesk.contracts.answers import Answer
from frontdesk.contracts.llm import CalledTool, LlmAnswer


async def open_doors(desk: TheDesk, user: TheUser) -> None:
    """Refuse requests if the operator has closed these endpoints."""
    if not desk.settings.llm_doors:
        raise ModelDoorsClosed(
            "A model is not asked without an agent here; whoever runs the desk can set LLM_DOORS=on."
        )


router = APIRouter(
    prefix="/api/llm", tags=["model"], responses=ASKING, dependencies=[needs("chat"), Depends(open_doors)]
)

_ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_ORDER_STATUS: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "order_status",
        "description": "Where an order is.",
        "parameters": {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]},
    },
}


class Function(BaseModel):
    """The name of a tool, and its parameters as a JSON schema."""

    name: _ToolName
    description: str = Field(default="", max_length=4_000)
    parameters: dict[str, Any] = {"type": "object", "properties": {}}


class Tool(BaseModel):
    """A tool that the model may call; the caller runs it and sends its result."""

    type: Literal["function"] = "function"
    function: Function


class _Sampling(Manner):
    """How the model draws its tokens, and which tools it may call."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)
    tools: list[Tool] = Field(default=[], max_length=64)
    tool_choice: Literal["auto", "none", "required"] | _ToolName | None = None

    def request(self, messages: list[ChatMessage]) -> str:
        """Return the request as the engine stores it with the run."""
        try:
            sampling = self.model_dump(include={"temperature", "top_p", "max_tokens", "tools", "tool_choice"})
            stored = CompletionRequest(messages=messages, **sampling).model_dump_json(exclude_defaults=True)
            # Deeply nested JSON can be read from a request, but not from what is stored of it.
            CompletionRequest.model_validate_json(stored)
        except ValueError as error:
            raise MessageInvalid("The request holds characters that are not text, or is nested too deeply.") from error
        return stored

    @model_validator(mode="after")
    def _offers_what_it_chooses(self) -> Self:
        names = [tool.function.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise ValueError("two tools have the same name")
        if self.tool_choice not in (None, "auto", "none", *(["required"] if names else []), *names):
            raise ValueError("tool_choice must be auto, none, required, or the name of one of the tools")
        return self


class LlmRequest(_Sampling):
    """A whole conversation, its last message by the user or a tool."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={"examples": [{"messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 50}]},
    )

    messages: list[ChatMessage] = Field(min_length=1, max_length=400)

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.messages[-1].role not in ("user", "tool"):
            raise ValueError("the last message must be the user's or a tool's")
        if not any(said.role == "user" for said in self.messages):
            raise ValueError("there must be a message of the user's")
        if lost := stray_results(self.messages):
            raise ValueError(f"message {lost[0]} is the result of no call of the answer before it")
        return self


class Result(BaseModel):
    """The result of a tool call."""

    model_config = ConfigDict(strict=True)

    tool_call_id: str = Field(min_length=1, max_length=200)
    content: str = Field(max_length=100_000)


class SessionRequest(_Sampling):
    """The next message of a session, or the results of the tools that its last answer called."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [{"session_id": "s1", "message": "Where is order 17?", "tools": [_ORDER_STATUS]}],
        },
    )

    session_id: SessionId
    message: str = Field(default="", max_length=1_000_000)
    system_prompt: str | None = Field(default=None, max_length=100_000)
    tool_results: list[Result] = Field(default=[], max_length=64)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.message.strip() or self.tool_results):
            raise ValueError("give a message or tool_results")
        return self


@router.post("/chat", response_model=LlmAnswer)
async def ask_model(asked: LlmRequest, request: Request, desk: TheDesk, user: TheUser) -> Response | LlmAnswer:
    """Return the model's answer when it is complete."""
    return await _whole(desk, await _begin(asked, desk, user), request, asked)


@router.post("/chat/stream", response_class=Response, responses=LLM_STREAM)
async def stream_model(asked: LlmRequest, desk: TheDesk, user: TheUser) -> Response:
    """Stream the model's answer as it comes: `{content}` or `{tool_call}`, at the end `{done}` or `{error}`."""
    desk.streams.check()
    run = await _begin(asked, desk, user)
    return _streamed(desk, run, asked)


@router.post("/chat/session", response_model=LlmAnswer)
async def ask_model_in_session(
    asked: SessionRequest, request: Request, desk: TheDesk, user: TheUser
) -> Response | LlmAnswer:
    """Return the next answer of a session when it is complete."""
    return await _whole(desk, await _begin_session(asked, desk, user), request, asked)


@router.post("/chat/session/stream", response_class=Response, responses=LLM_STREAM)
async def stream_model_in_session(asked: SessionRequest, desk: TheDesk, user: TheUser) -> Response:
    """Stream the next answer of a session as it comes."""
    desk.streams.check()
    run = await _begin_session(asked, desk, user)
    return _streamed(desk, run, asked)


async def _begin(asked: LlmRequest, desk: OpenDesk, user: DeskUser) -> StoredRun:
    question = next((said.content for said in reversed(asked.messages) if said.role == "user" and said.content), "")
    return await desk.runs.start(
        RunRequest(
            user.id,
            question[: desk.settings.max_message_chars],
            LLM,
            when_busy=asked.when_busy,
            request=asked.request(asked.messages),
        )
    )


async def _begin_session(asked: SessionRequest, desk: OpenDesk, user: DeskUser) -> StoredRun:
    messages = [ChatMessage(role="system", content=asked.system_prompt)] if asked.system_prompt else []
    messages += [
        ChatMessage(role="tool", content=got.content, tool_call_id=got.tool_call_id) for got in asked.tool_results
    ]
    if asked.message.strip():
        messages.append(ChatMessage(role="user", content=asked.message))
    question = asked.message if asked.message.strip() else f"[results of {len(asked.tool_results)} tool calls]"
    return await desk.runs.start(
        RunRequest(
            user.id,
            question[: desk.settings.max_message_chars],
            LLM,
            asked.session_id,
            when_busy=asked.when_busy,
            request=asked.request(messages),
        )
    )


async def _whole(desk: OpenDesk, run: StoredRun, request: Request, asked: Manner) -> Response | LlmAnswer:
    answer = await whole(desk, run, request, asked.on_disconnect)
    if not isinstance(answer, Answer):
        return answer
    return LlmAnswer(
        content=answer.answer,
        tool_calls=await _calls(desk, run),
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        cost_usd=answer.cost_usd,
        run_id=run.id,
        session_id=run.session_id,
    )


def _streamed(desk: OpenDesk, run: StoredRun, asked: Manner) -> Response:
    encoder = LlmEncoder(run, lambda: _calls(desk, run))
    return streamed(desk, run, encoder, asked.on_disconnect, {ID_HEADER: run.id})


async def _calls(desk: OpenDesk, run: StoredRun) -> list[CalledTool]:
    data = await desk.stores.runs.answer_data(run.id)
    return [CalledTool.model_validate(call) for call in data.get("tool_calls", [])]
