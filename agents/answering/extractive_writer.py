"""The extractive writer: the embedded model answers in quotations, word by word. It needs no key and no network."""

import re
from collections.abc import AsyncGenerator

from agents.answering.canned_replies import quotation_opening
from agents.answering.extractive import quote
from agents.answering.prompt import Prompt, messages_for
from agents.answering.writer import WriterChunk
from agents.models.chunks import estimate_usage
from agents.models.context_window import ContextWindow
from agents.models.failures import ModelFailure
from agents.models.model_name import EMBEDDED
from knowledge.embedding.embedder import Embedder

_WORD = re.compile(r"\S+\s*")


class ExtractiveWriter:
    """A writer that composes answers out of quotations."""

    name = EMBEDDED

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def held_back(self) -> ModelFailure | None:
        """Return None: the embedded model is always available."""
        return None

    async def window(self) -> ContextWindow | None:
        """Return None: the embedded model has no limit."""
        return None

    async def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]:
        """Yield the answer word by word, then its estimated usage."""
        asked = f"{prompt.context} {prompt.question}".strip()
        evidence = prompt.evidence.numbered_from(prompt.first_number)
        if answer := "\n\n".join(await quote(asked, evidence, self._embedder)):
            answer = quotation_opening(prompt.message) + answer
        for word in _WORD.findall(answer):
            yield WriterChunk(word)
        yield WriterChunk(usage=estimate_usage(messages_for(prompt), answer), finish="stop")
