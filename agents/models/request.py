"""What a chat model is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AnyMessage


@dataclass(frozen=True)
class Ask:
    """To write, to answer at once, or with a tool, to fill in its form.

    `tools` are those that the model may call, in OpenAI's form. Their choice is "auto", "none", "required", or the name
    of one. A temperature, `top_p` or `max_tokens` of None is what the settings say. A model that may be silent need
    say nothing. Who wants to know what personal data was masked is told how many of each kind.
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
