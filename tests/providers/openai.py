"""A loopback server for the OpenAI API and compatible servers (llama.cpp): chat completions, models, health."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tests.providers.answers import Frames, RecordedRequest, Reply, chunk, json_reply
from tests.providers.loopback import LoopbackServer
from tests.providers.script import NOVA_TOOL_ERROR, STATUS, Called, Fault, Script

MODEL = "stub-model"
_CREATED = 1_700_000_000
_DONE = chunk(b"data: [DONE]\n\n")
_ERRORS: dict[Fault, tuple[str, str, str | int | None]] = {
    Fault.THROTTLED: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    Fault.BROKEN: ("The server had an error while processing your request.", "server_error", None),
    Fault.FORBIDDEN: ("Country, region, or territory not supported.", "request_forbidden", "unsupported_country"),
    Fault.UNAUTHORIZED: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    Fault.UNKNOWN_MODEL: ("The model does not exist.", "invalid_request_error", "model_not_found"),
    Fault.BAD_REQUEST: ("We could not parse the JSON body of your request.", "invalid_request_error", None),
    Fault.LOADING: ("Loading model", "unavailable_error", 503),
}


def _chunk(model: str, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> bytes:
    body: dict[str, Any] = {
        "id": "chatcmpl-stub",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": model,
        "choices": choices,
    }
    if usage is not None:
        body["usage"] = usage
    return chunk(b"data: " + json.dumps(body).encode() + b"\n\n")


def _delta(model: str, delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _chunk(model, [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])


@lru_cache(maxsize=8192)
def _text(model: str, token: str) -> bytes:
    return _delta(model, {"content": token})


@lru_cache(maxsize=8192)
def _arguments(model: str, piece: str, index: int = 0) -> bytes:
    return _delta(model, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})


def _offered(request: RecordedRequest) -> list[str]:
    """Return the names of the tools that may be called."""
    tools = request.body.get("tools") or []
    return [tool["function"]["name"] for tool in tools if request.body.get("tool_choice") != "none"]


def _usage(script: Script) -> dict[str, Any] | None:
    if script.usage is None:
        return None
    output = script.completion_tokens()
    usage: dict[str, Any] = {
        "prompt_tokens": script.usage.prompt,
        "completion_tokens": output,
        "total_tokens": script.usage.prompt + output,
    }
    if script.usage.cached:
        usage["prompt_tokens_details"] = {"cached_tokens": script.usage.cached}
    return usage


def _error_body(message: str, kind: str, code: str | int | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "code": code}}


class OpenAIServer(LoopbackServer):
    """A server of paths with and without /v1: `POST /chat/completions`, `GET /models[/{id}]`, `GET /health`."""

    models: tuple[str, ...] = (MODEL,)
    card: Mapping[str, Any] = {}  # more fields of each model
    pages: Mapping[str, Any] = {}  # more GET replies, by path

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        path = request.path.split("?")[0].removeprefix("/v1")
        if request.method == "GET":
            return self._about(path, request, script)
        if path != "/chat/completions":
            return json_reply(404, _error_body(f"Invalid URL ({request.path})", "invalid_request_error", None))
        if script.fault is not None and script.fault in STATUS:
            return self._error(script.fault, request, script)
        offered = _offered(request)
        if script.invalid_tool_sequence and offered:  # llama.cpp answers 500 to a call that it cannot parse
            return json_reply(500, _error_body(script.message(NOVA_TOOL_ERROR, request.headers), "server_error", 500))
        tool = offered[0] if offered and script.tool_input is not None else None
        if request.body.get("stream"):
            return Reply("text/event-stream; charset=utf-8", frames=self._frames(request, script, tool))
        return self._whole(request, script, tool)

    def _error(self, fault: Fault, request: RecordedRequest, script: Script) -> Reply:
        text, kind, code = _ERRORS[fault]
        headers = [] if script.retry_after is None else [("Retry-After", f"{script.retry_after:g}")]
        return json_reply(STATUS[fault], _error_body(script.message(text, request.headers), kind, code), headers)

    def _about(self, path: str, request: RecordedRequest, script: Script) -> Reply:
        """Answer the requests that a desk makes before it chats; faults of the chat alone do not show here."""
        if script.fault is Fault.LOADING or (script.fault is Fault.UNAUTHORIZED and path != "/health"):
            return self._error(script.fault, request, script)
        if path == "/health":
            return json_reply(200, {"status": "ok"})
        if path in self.pages:
            return json_reply(200, self.pages[path])
        about = {"object": "model", "created": _CREATED, "owned_by": "stub", **self.card}
        cards = [{"id": name, **about} for name in self.models]
        if path == "/models":
            return json_reply(200, {"object": "list", "data": cards})
        for card in cards:
            if path == f"/models/{card['id']}":
                return json_reply(200, card)
        return self._error(Fault.UNKNOWN_MODEL, request, script)

    def _frames(self, request: RecordedRequest, script: Script, tool: str | None) -> Frames:
        model = str(request.body.get("model", MODEL))
        first: dict[str, Any] = {"role": "assistant", "content": None if tool else ""}
        if tool:
            call = {"index": 0, "id": self.call_id(), "type": "function", "function": {"name": tool, "arguments": ""}}
            first["tool_calls"] = [call]
        calls = script.calls if _offered(request) else ()
        closing = _delta(model, {}, "tool_calls" if tool or calls else script.finish)
        usage = _usage(script)
        if usage is not None and (request.body.get("stream_options") or {}).get("include_usage"):
            closing += _chunk(model, [], usage)
        text = script.message("The server had an error while processing your request.", request.headers)
        error = json.dumps(_error_body(text, "server_error", script.exception)).encode()
        encode = _arguments if tool else _text
        return Frames(
            opening=_delta(model, first),
            tokens=(*(encode(model, piece) for piece in script.pieces(tool)), *self._called(model, calls)),
            closing=closing + _DONE,
            unfinished=b"",
            failure=chunk(b"data: " + error + b"\n\n"),
            garbage=chunk(b"data: {not JSON\n\n"),
        )

    def _called(self, model: str, calls: Sequence[Called]) -> Iterator[bytes]:
        for index, call in enumerate(calls):
            function = {"name": call.name, "arguments": ""}
            head = {"index": index, "id": self.call_id(), "type": "function", "function": function}
            yield _delta(model, {"tool_calls": [head]})
            yield from (_arguments(model, piece, index) for piece in call.pieces())

    def _whole(self, request: RecordedRequest, script: Script, tool: str | None) -> Reply:
        if script.fault is Fault.EXCEPTION:  # as gateways do that sent their status before the model failed
            text = script.message("The server had an error while processing your request.", request.headers)
            return json_reply(200, _error_body(text, "server_error", script.exception))
        if script.fault is Fault.BAD_CRC:
            return Reply("application/json", body=b"<html>not JSON</html>")
        message: dict[str, Any] = {"role": "assistant", "content": None if tool else "".join(script.tokens)}
        calls = (
            [Called(tool, json.dumps(script.tool_input))] if tool else list(script.calls if _offered(request) else ())
        )
        if calls:
            message["tool_calls"] = [
                {"id": self.call_id(), "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in calls
            ]
        finish = "tool_calls" if calls else script.finish
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": None if script.fault is Fault.NO_FINISH else finish,
        }
        body = {
            "id": "chatcmpl-stub",
            "object": "chat.completion",
            "created": _CREATED,
            "model": request.body.get("model", MODEL),
            "choices": [choice],
        }
        usage = _usage(script)
        return json_reply(200, body if usage is None else {**body, "usage": usage})
