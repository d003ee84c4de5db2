"""Who writes an answer: a chat model token by token, or the embedded model by quoting; see `agents.embedded_writer`."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from agents import phrases
from agents.citations import Citations
from agents.events import Usage
from agents.fallback import Link, Trail, Withdrawn, in_turn
from agents.models.call import Ask
from agents.models.failures import Kind, ModelFailure
from agents.models.model import Model
from agents.models.names import EMBEDDED
from agents.models.pieces import Ending, estimate
from agents.prompts import Prompt, messages_for


@dataclass(frozen=True)
class Written:
    """A piece of the answer, or at the end what it took and why it ends."""

    text: str = ""
    usage: Usage | None = None
    finish: Ending | None = None
    reduced: bool = False


class Writer(Link, Protocol):
    """Writes the answer to a prompt, piece by piece."""

    def write(self, prompt: Prompt) -> AsyncGenerator[Written]: ...


class ModelWriter:
    """A chat model."""

    def __init__(self, model: Model) -> None:
        self.name = model.name
        self._model = model

    def held_back(self) -> ModelFailure | None:
        """Why the model is not asked now, if it is not."""
        return self._model.held_back()

    async def write(self, prompt: Prompt) -> AsyncGenerator[Written]:
        """The model's own tokens as they come, then its usage: estimated where the provider counted nothing."""
        messages = messages_for(prompt)
        citations = Citations(prompt.first_number, len(prompt.evidence.excerpts))
        said: list[str] = []
        usage: Usage | None = None
        finish: Ending = "stop"
        ask = Ask(messages, stable_prefix=prompt.agent.strategy == "cag")
        try:
            async with aclosing(self._model.ask(ask)) as pieces:
                async for piece in pieces:
                    said.append(piece.text)
                    usage = piece.usage or usage
                    finish = "length" if piece.finish == "length" else finish
                    if text := citations.hear(piece.text):
                        yield Written(text)
        except ModelFailure as failure:
            failure.usage = usage or (estimate(messages, "".join(said)) if any(said) else None)
            raise
        yield Written(citations.end(), usage or estimate(messages, "".join(said)), finish)


@dataclass(frozen=True)
class Chain:
    """The writers of one agent. Of an assumed chain nobody expects the models for which there are no keys."""

    writers: Sequence[Writer]
    assumed: bool = False

    async def write(self, prompt: Prompt, trail: Trail) -> AsyncGenerator[Written | Withdrawn]:
        """A whole answer by the first writer that can."""

        def call(writer: Writer) -> AsyncGenerator[Written]:
            quoted = writer.name == EMBEDDED and self._let_down(trail)
            return _reduced(writer.write(prompt)) if quoted else writer.write(prompt)

        async with aclosing(in_turn(self.writers, call, trail)) as pieces:
            async for piece in pieces:
                yield piece

    def _let_down(self, trail: Trail) -> bool:
        """Whether a model did not answer that the user counts on."""
        return any(not self.assumed or trouble.failure.kind is not Kind.NO_CREDENTIALS for trouble in trail.troubles)


async def _reduced(pieces: AsyncGenerator[Written]) -> AsyncGenerator[Written]:
    """Say in front of an answer that it is only quoted."""
    opening = phrases.REDUCED
    async with aclosing(pieces) as source:
        async for piece in source:
            if piece.text:
                piece, opening = replace(piece, text=opening + piece.text), ""
            yield replace(piece, reduced=True)
