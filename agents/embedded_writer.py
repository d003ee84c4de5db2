"""The embedded model's answers: quotations, word by word. It needs no key and no network."""

import re
from collections.abc import AsyncIterator

from agents.events import Usage
from agents.prompts import Prompt, messages_for
from agents.quoting import quote
from agents.writers import Written
from knowledge.embeddings import Embedder

NAME = "embedded"

_WORD = re.compile(r"\S+\s*")
# English prose has about four characters to a token; nobody counts them for a model that has none.
_CHARS_PER_TOKEN = 4


class EmbeddedWriter:
    """Writes answers out of quotations."""

    model = NAME

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def write(self, prompt: Prompt) -> AsyncIterator[Written]:
        """The answer word by word, then what it would have counted as."""
        asked = f"{prompt.context} {prompt.question}".strip()
        answer = "\n\n".join(await quote(asked, prompt.evidence, self._embedder))
        for word in _WORD.findall(answer):
            yield Written(text=word)
        read = sum(len(message.text) for message in messages_for(prompt)) // _CHARS_PER_TOKEN
        written = len(answer) // _CHARS_PER_TOKEN
        yield Written(usage=Usage(prompt=read, completion=written, total=read + written, estimated=True))
