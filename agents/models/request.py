"""A request to a chat model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AnyMessage


@dataclass(frozen=True)
class ModelRequest:
    """A request to a chat model: to stream, to answer in one piece, or, with `tool`, to fill in its form.

    `tools` are those that the model may call, in OpenAI's form; `tool_choice` is "auto", "none", "required", or the
    name of one. A temperature, `top_p` or `max_tokens` of None takes the value from the settings. With `may_be_silent`
    an empty answer is allowed. `on_masked` is called with how many pieces of personal data of each kind were masked.
    """

    messages: Sequence[AnyMessage]
    stable_prefix: bool = False
    tool: dict[str, Any] | None = None
    whole: bool = False
    tools: Sequence[dict[str, Any]] = ()
    tool_choice: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    may_be_silent: bool = False
    on_masked: Callable[[str], None] | None = None
