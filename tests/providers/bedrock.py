"""A loopback server for Amazon Bedrock: Converse and ConverseStream."""

import json
import struct
from binascii import crc32
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from tests.providers.answers import Frames, RecordedRequest, Reply, chunk, json_reply
from tests.providers.loopback import LoopbackServer
from tests.providers.script import NOVA_TOOL_ERROR, STATUS, Called, Fault, Script

_STRING = 7  # the type of a header's value
_REQUEST_ID = ("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000")
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "content_filtered"}
_ERRORS: dict[Fault, tuple[int, str, str]] = {
    Fault.THROTTLED: (429, "ThrottlingException", "Too many requests, please wait before trying again."),
    Fault.BROKEN: (500, "InternalServerException", "The system encountered an unexpected error during processing."),
    Fault.FORBIDDEN: (403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
    Fault.UNAUTHORIZED: (
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
    Fault.UNKNOWN_MODEL: (404, "ResourceNotFoundException", "The provided model identifier could not be found."),
    Fault.BAD_REQUEST: (400, "ValidationException", "The model returned the following errors: Malformed input."),
    Fault.LOADING: (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
}


def frame(payload: object, **headers: str) -> bytes:
    """Build a message of application/vnd.amazon.eventstream; `event_type` becomes the header `:event-type`."""
    packed = b""
    for name, value in ({"content_type": "application/json"} | headers).items():
        key, text = b":" + name.replace("_", "-").encode(), value.encode()
        packed += struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING, len(text)) + text
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(packed) + len(body), len(packed))
    message = prelude + struct.pack("!I", crc32(prelude)) + packed + body
    return message + struct.pack("!I", crc32(message))


def _event(kind: str, payload: object) -> bytes:
    return chunk(frame(payload, event_type=kind, message_type="event"))


@lru_cache(maxsize=8192)
def _text(token: str) -> bytes:
    return _event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": token}})


@lru_cache(maxsize=8192)
def _tool_input(piece: str, block: int = 0) -> bytes:
    return _event("contentBlockDelta", {"contentBlockIndex": block, "delta": {"toolUse": {"input": piece}}})


def _tool_start(block: int, call_id: str, name: str) -> bytes:
    start = {"toolUse": {"toolUseId": call_id, "name": name}}
    return _event("contentBlockStart", {"contentBlockIndex": block, "start": start})


def _block_stop(block: int) -> bytes:
    return _event("contentBlockStop", {"contentBlockIndex": block})


def _offered(request: RecordedRequest) -> list[str]:
    tools = (request.body.get("toolConfig") or {}).get("tools") or []
    return [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]


def _tool(request: RecordedRequest, script: Script) -> str | None:
    """Return the name of the tool to call."""
    names = _offered(request)
    return names[0] if names and script.tool_input is not None else None


def _usage(script: Script) -> dict[str, int]:
    """Count as Bedrock does: inputTokens without what was read from or written to the cache."""
    if script.usage is None:
        return {}
    cached, written, output = script.usage.cached, script.usage.cache_written, script.completion_tokens()
    usage = {
        "inputTokens": script.usage.prompt - cached - written,
        "outputTokens": output,
        "totalTokens": script.usage.prompt + output,
    }
    if cached or written:
        usage |= {"cacheReadInputTokens": cached, "cacheWriteInputTokens": written}
    return usage


def _stop_reason(script: Script, calls: object) -> str:
    return "tool_use" if calls else _STOP_REASONS.get(script.finish, script.finish)


class BedrockServer(LoopbackServer):
    """A server of `POST /model/{modelId}/converse` and `/converse-stream`."""

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        path = request.path.split("?")[0]
        parts = path.strip("/").split("/")
        if request.method != "POST" or len(parts) != 3 or parts[0] != "model":
            return self._error(404, "UnknownOperationException", "", request, script)
        if script.fault is not None and script.fault in STATUS:
            return self._error(*_ERRORS[script.fault], request, script)
        offered = _offered(request)
        if script.invalid_tool_sequence and offered:
            return self._error(424, "ModelErrorException", NOVA_TOOL_ERROR, request, script)
        tool = _tool(request, script)
        if parts[2] == "converse-stream":
            return Reply(
                "application/vnd.amazon.eventstream",
                headers=(_REQUEST_ID,),
                frames=self._frames(request, script, tool),
            )
        return self._whole(request, script, tool)

    def _error(self, status: int, kind: str, text: str, request: RecordedRequest, script: Script) -> Reply:
        headers = [_REQUEST_ID, ("x-amzn-ErrorType", f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/")]
        if script.retry_after is not None:
            headers.append(("Retry-After", f"{script.retry_after:g}"))
        return json_reply(status, {"message": script.message(text, request.headers)}, headers)

    def _frames(self, request: RecordedRequest, script: Script, tool: str | None) -> Frames:
        opening = _event("messageStart", {"role": "assistant"})
        if tool:
            opening += _tool_start(0, self.call_id(), tool)
        calls = script.calls if _offered(request) else ()
        block_stop = _block_stop(len(calls) if script.tokens else max(0, len(calls) - 1))
        stop = _event("messageStop", {"stopReason": _stop_reason(script, tool or calls)})
        usage = _usage(script)
        metadata = _event("metadata", {"usage": usage, "metrics": {"latencyMs": 12}}) if usage else b""
        text = script.message("The system encountered an unexpected error during processing.", request.headers)
        broken = frame({"contentBlockIndex": 0, "delta": {"text": "?"}}, event_type="contentBlockDelta")
        return Frames(
            opening=opening,
            tokens=(
                *map(_tool_input if tool else _text, script.pieces(tool)),
                *self._called(calls, bool(script.tokens)),
            ),
            closing=block_stop + stop + metadata,
            unfinished=block_stop,
            failure=chunk(frame({"message": text}, exception_type=script.exception, message_type="exception")),
            garbage=chunk(broken[:-1] + bytes([broken[-1] ^ 0xFF])),
        )

    def _called(self, calls: Sequence[Called], behind_text: bool) -> Iterator[bytes]:
        """Yield the frames of the tool calls, each a content block of its own."""
        for block, call in enumerate(calls, start=int(behind_text)):
            yield (_block_stop(block - 1) if block else b"") + _tool_start(block, self.call_id(), call.name)
            yield from (_tool_input(piece, block) for piece in call.pieces())

    def _whole(self, request: RecordedRequest, script: Script, tool: str | None) -> Reply:
        if script.fault is Fault.EXCEPTION:  # there is no event to send it in
            text = "The system encountered an unexpected error during processing."
            return self._error(424, "ModelErrorException", text, request, script)
        if script.fault is Fault.BAD_CRC:
            return Reply("application/json", headers=(_REQUEST_ID,), body=b"<html>not JSON</html>")
        content: list[dict[str, Any]] = [{"text": "".join(script.tokens)}] if script.tokens else []
        if tool:
            content = [{"toolUse": {"toolUseId": self.call_id(), "name": tool, "input": script.tool_input}}]
        calls = script.calls if _offered(request) else ()
        content += [
            {"toolUse": {"toolUseId": self.call_id(), "name": call.name, "input": json.loads(call.arguments)}}
            for call in calls
        ]
        body: dict[str, Any] = {
            "output": {"message": {"role": "assistant", "content": content}},
            "metrics": {"latencyMs": 12},
        }
        if script.fault is not Fault.NO_FINISH:
            body["stopReason"] = _stop_reason(script, tool or calls)
        if usage := _usage(script):
            body["usage"] = usage
        return json_reply(200, body, [_REQUEST_ID])
