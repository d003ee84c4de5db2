"""The script of a loopback provider for a request: its answer, and where and how it fails."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NOVA_TOOL_ERROR = (
    "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide."
)
_PIECES_OF_A_TOOL_INPUT = 4


class Fault(StrEnum):
    """A way to fail. Faults with a status replace the answer; the others come after `Script.at` tokens."""

    THROTTLED = "throttled"  # 429
    BROKEN = "broken"  # 500
    FORBIDDEN = "forbidden"  # 403
    UNAUTHORIZED = "unauthorized"  # 401; Bedrock says 403 UnrecognizedClientException
    UNKNOWN_MODEL = "unknown_model"  # 404
    BAD_REQUEST = "bad_request"  # 400
    LOADING = "loading"  # 503, in the words of llama.cpp
    HANG = "hang"  # the request is accepted and never answered
    CUT = "cut"  # the connection ends (FIN) inside a frame; with at=-1 before the status line
    RESET = "reset"  # the same with RST: a process that was killed, a firewall
    NO_FINISH = "no_finish"  # a clean end, without finish reason, usage and [DONE]
    EXCEPTION = "exception"  # an error inside a stream that began with status 200
    STALL = "stall"  # nothing more is sent; the connection stays open
    BAD_CRC = "bad_crc"  # a frame that cannot be decoded (OpenAI: a data line that is not JSON)
    SLOW_START = "slow_start"  # the headers at once, the first token after `first_token_seconds`


STATUS: Mapping[Fault, int] = {
    Fault.THROTTLED: 429,
    Fault.BROKEN: 500,
    Fault.FORBIDDEN: 403,
    Fault.UNAUTHORIZED: 401,
    Fault.UNKNOWN_MODEL: 404,
    Fault.BAD_REQUEST: 400,
    Fault.LOADING: 503,
}


@dataclass(frozen=True)
class Usage:
    """The token counts to report. `prompt` counts the whole prompt; `cached` and `cache_written` are parts of it."""

    prompt: int = 100
    completion: int | None = None  # None: as many as tokens were scripted
    cached: int = 0
    cache_written: int = 0


@dataclass(frozen=True)
class Called:
    """A tool call, with arguments as the model writes them: they need not be JSON."""

    name: str
    arguments: str = "{}"

    def pieces(self) -> tuple[str, ...]:
        """Return the arguments in the pieces that are streamed."""
        return _cut(self.arguments)


@dataclass(frozen=True)
class Script:
    """The script of one answer."""

    tokens: tuple[str, ...] = ("Hello", " world", ".")
    fault: Fault | None = None
    at: int = 0  # tokens sent before the fault; beyond the last token it comes before the finish
    first_token_seconds: float = 0
    gap_seconds: float = 0
    usage: Usage | None = Usage()
    finish: str = "stop"  # "stop" | "length"; other words are sent as they are
    tool_input: Mapping[str, Any] | None = None  # when tools are offered: call the first one with this
    calls: tuple[Called, ...] = ()  # when tools are offered: call these behind the tokens
    invalid_tool_sequence: bool = False  # when tools are offered: fail as Nova does
    retry_after: float | None = None
    error_text: str = ""  # "": what the provider says for this fault
    exception: str = "modelStreamErrorException"  # the event of Fault.EXCEPTION on Bedrock, the error's code on OpenAI
    echo_headers: bool = False  # a hostile provider: error messages hold all headers of the request

    def pieces(self, tool: str | None) -> tuple[str, ...]:
        """Return the streamed pieces: the tokens, or the input of a tool call as JSON."""
        if tool is None or self.tool_input is None:
            return self.tokens
        return _cut(json.dumps(self.tool_input))

    def completion_tokens(self) -> int:
        """Return the number of output tokens to report."""
        if self.usage is None or self.usage.completion is None:
            return len(self.tokens)
        return self.usage.completion

    def message(self, realistic: str, headers: Mapping[str, str]) -> str:
        """Return the text of an error body."""
        text = self.error_text or realistic
        return f"{text} {json.dumps(dict(headers))}" if self.echo_headers else text


def _cut(text: str) -> tuple[str, ...]:
    step = max(1, -(-len(text) // _PIECES_OF_A_TOOL_INPUT))
    return tuple(text[start : start + step] for start in range(0, len(text), step))
