"""Writers of answers: a chat model token by token, or the embedded model by quoting (`extractive_writer`)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from langchain_core.messages import AnyMessage

from agents.answering import canned_replies
from agents.answering.citations import CitationParser
from agents.answering.prompt import Prompt, messages_for
from agents.answering.tool_round import ToolRound
from agents.models.chunks import Ending
from agents.models.context_window import ContextWindow
from agents.models.failures import FailureKind, ModelFailure
from agents.models.fallback import ChainLink, FallbackTrace, WithdrawnAnswer, in_turn
from agents.models.model import Model
from agents.models.model_name import EMBEDDED
from agents.models.streaming_call import ModelRequest
from frontdesk.contracts.events import Usage


@dataclass(frozen=True)
class QuotedText:
    """An answer made of quotations: the ranges of its key sentences, how surely each quotation answers, other sources.

    It is not `is_sure` if it shows what is nearest to the question rather than what answers it."""

    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    support: tuple[tuple[int, int, float], ...] = ()
    see_also: tuple[int, ...] = ()
    is_sure: bool = True

    def with_words(self, text: str) -> "QuotedText":
        """Add a block in the desk's own words."""
        return replace(self, text=f"{self.text}\n\n{text}".lstrip("\n"))

    def with_quotation(self, text: str, key: tuple[int, int] | None, confidence: float) -> "QuotedText":
        """Add a quotation, with the range of its key sentence if it has one, and how surely it answers."""
        start = len(self.text) + 2 if self.text else 0
        marked = (start + key[0], start + key[1]) if key else (start, start + len(text))
        return replace(
            self.with_words(text),
            highlights=(*self.highlights, *([marked] if key else [])),
            support=(*self.support, (*marked, confidence)),
        )

    def ended(self, see_also: tuple[int, ...], *, is_sure: bool) -> "QuotedText":
        """Add what is known of the answer as a whole."""
        return replace(self, see_also=see_also, is_sure=is_sure)

    def after(self, opening: str) -> "QuotedText":
        """Return the answer behind an opening."""
        shift = len(opening)
        return replace(
            self,
            text=opening + self.text,
            highlights=tuple((start + shift, end + shift) for start, end in self.highlights),
            support=tuple((start + shift, end + shift, score) for start, end, score in self.support),
        )


@dataclass(frozen=True)
class WriterChunk:
    """A piece of the answer, or at the end its usage and finish reason, and what there is to say about quotations."""

    text: str = ""
    usage: Usage | None = None
    finish: Ending | None = None
    reduced: bool = False
    quoted: QuotedText | None = None


class AnswerWriter(ChainLink, Protocol):
    """A link of a chain that writes the answer to a prompt, piece by piece."""

    def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]: ...

    async def window(self) -> ContextWindow | None:
        """Return the context window, or None if there is no limit."""


# How often a model may use its tools before it must answer.
_ROUNDS = 4


class ModelWriter:
    """A writer that uses a chat model."""

    def __init__(self, model: Model) -> None:
        self.name = model.name
        self._model = model

    def held_back(self) -> ModelFailure | None:
        """Return the failure that keeps the model from being called now, or None."""
        return self._model.held_back()

    async def window(self) -> ContextWindow | None:
        """Return the model's context window."""
        return await self._model.window()

    async def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]:
        """Yield the model's tokens as they come, round by round while it uses tools, then the usage of all rounds."""
        messages = messages_for(prompt)
        citations = CitationParser(prompt.first_number, len(prompt.evidence.excerpts))
        spent, spoken = Usage(), False
        for left in reversed(range(_ROUNDS + 1)):
            current, opening = ToolRound(), "\n\n" if spoken else ""
            try:
                async with aclosing(self._model.ask(_request_for(prompt, messages, left, spoken))) as pieces:
                    async for piece in pieces:
                        current.hear(piece)
                        said, opening = (opening + piece.text, "") if piece.text else ("", opening)
                        if text := citations.hear(said):
                            yield WriterChunk(text)
            except ModelFailure as failure:
                failure.usage = spent + current.spent(messages) if current.begun else spent if spent.total else None
                raise
            spent += current.spent(messages)
            # Reported after every round: whatever ends the next one, this one is paid for.
            yield WriterChunk(citations.end(), usage=spent)
            spoken = spoken or bool(current.text)
            if not (left and current.calls and prompt.toolbox):
                break
            messages += current.told(await prompt.toolbox.use(current.calls), citations)
        yield WriterChunk(usage=spent, finish="length" if current.finish == "length" else "stop")


def _request_for(prompt: Prompt, messages: Sequence[AnyMessage], left: int, spoken: bool) -> ModelRequest:
    """Build the request. Tools stay on offer, since past calls must be known; in the last round none may be called."""
    return ModelRequest(
        # A copy: later rounds append to the list.
        tuple(messages),
        stable_prefix=prompt.agent.strategy == "cag",
        tools=prompt.toolbox.forms if prompt.toolbox else (),
        tool_choice=None if left else "none",
        may_be_silent=spoken,
        on_masked=prompt.on_masked,
    )


@dataclass(frozen=True)
class WriterChain:
    """The writers of one agent. In an assumed chain, nobody expects the models without keys to answer."""

    writers: Sequence[AnswerWriter]
    assumed: bool = False

    async def window(self) -> ContextWindow | None:
        """Return the narrowest context window, so that the evidence fits whichever model writes in the end."""
        windows = await asyncio.gather(*(writer.window() for writer in self.writers))
        return min(filter(None, windows), key=lambda window: window.prompt_tokens, default=None)

    async def write(self, prompt: Prompt, trail: FallbackTrace) -> AsyncGenerator[WriterChunk | WithdrawnAnswer]:
        """Yield a whole answer by the first writer that can give one."""

        def call(writer: AnswerWriter) -> AsyncGenerator[WriterChunk]:
            let_down = self._let_down(trail, writer)
            if trail.current:
                trail.current.fallback = let_down or None
            if writer.name != EMBEDDED:
                trail.record_prompt(prompt.reading)
            pieces = writer.write(replace(prompt, on_masked=trail.note_masked))
            return _with_note(pieces, prompt.message.language) if writer.name == EMBEDDED and let_down else pieces

        async with aclosing(in_turn(self.writers, call, trail)) as pieces:
            async for piece in pieces:
                yield piece

    def _let_down(self, trail: FallbackTrace, writer: AnswerWriter) -> bool:
        """Return True if a model before this one, on which the user counts, did not answer."""
        return any(
            trouble.model != writer.name and not (self.assumed and trouble.failure.kind is FailureKind.NO_CREDENTIALS)
            for trouble in trail.troubles
        )


async def _with_note(pieces: AsyncGenerator[WriterChunk], language: str) -> AsyncGenerator[WriterChunk]:
    """Prefix an answer with a note that it is only quoted."""
    opening = note = canned_replies.reduced_note(language)
    async with aclosing(pieces) as source:
        async for piece in source:
            if piece.text:
                piece, opening = replace(piece, text=opening + piece.text), ""
            quoted = piece.quoted.after(note) if piece.quoted and piece.quoted.text else None
            yield replace(piece, reduced=True, quoted=quoted)
