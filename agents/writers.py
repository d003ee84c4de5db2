"""Who writes an answer: a chat model token by token, or the embedded model by quoting (see `agents.embedded`)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from langchain_core.language_models import BaseChatModel

from agents.events import Usage
from agents.prompts import Prompt, messages_for


@dataclass(frozen=True)
class Written:
    """A piece of the answer, or at the end what it took."""

    text: str = ""
    usage: Usage | None = None


class Writer(Protocol):
    """Writes the answer to a prompt, piece by piece."""

    @property
    def model(self) -> str: ...

    def write(self, prompt: Prompt) -> AsyncIterator[Written]: ...


class ChatWriter:
    """Any LangChain chat model."""

    def __init__(self, name: str, chat_model: BaseChatModel) -> None:
        self.model = name
        self._chat_model = chat_model

    async def write(self, prompt: Prompt) -> AsyncIterator[Written]:
        """The model's own tokens as they come, then its usage."""
        usage = Usage()
        async for chunk in self._chat_model.astream(messages_for(prompt)):
            if chunk.usage_metadata:
                counted = chunk.usage_metadata
                usage = usage + Usage(
                    prompt=counted["input_tokens"],
                    completion=counted["output_tokens"],
                    total=counted["total_tokens"],
                    cached=counted.get("input_token_details", {}).get("cache_read", 0),
                )
            if chunk.text:
                yield Written(text=chunk.text)
        yield Written(usage=usage)
