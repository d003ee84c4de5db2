"""Whatever a message or a document holds, reading it takes time in proportion to its length.

What is measured is processor time of the one thread, the least of several tries."""

import gc
import time
from collections.abc import Callable

import pytest

from agents.conversation.message_reading import asks_for_person, read_message
from agents.routing import split_message
from agents.security import injection
from knowledge.index import lexical
from knowledge.index.lexical import WordStatistics
from knowledge.ingestion.chunking import MAX_STEPS_CHARS, split_document
from knowledge.library import Library
from knowledge.loaders import LoadedText
from knowledge.retrieval import followups, support
from knowledge.storage.database import Connection
from knowledge.storage.sql.fts5 import Fts5Reader
from knowledge.text import sentences
from knowledge.text import words as terms
from knowledge.text.markdown_blocks import blocks
from tests.knowledge.text import worst

MESSAGE_CHARS = 8_000
_TRIES = 4
# What 8,000 characters may take, and what is not told apart from nothing.
_MESSAGE_SECONDS, _PASSAGE_SECONDS, _TINY = 0.05, 0.25, 0.003
_MOST_RATIO = 15
QUESTION = "How are duplicate charges refunded?"
ANSWER = " ".join(f"You must pay the fee of step {number} today." for number in range(40))

READINGS: dict[str, Callable[[str], object]] = {
    "follow-up": lambda message: followups.context_for(message, [message, message]),
    "reading": lambda message: read_message(message, [message], message, lambda word: False),
    "splits": split_message.possible_splits,
    "person": asks_for_person,
    "words": terms.content_words,
}
OF_DOCUMENTS: dict[str, Callable[[str], object]] = {
    "sentences": sentences.find_statements,
    "cutting": lambda text: split_document(LoadedText("Title", text)),
    "support": lambda text: support._compare_answer(ANSWER, (text,)),
}


def _least(work: Callable[[], object]) -> float:
    """Seconds of this thread, without those in which Python looks for garbage, of the tests before too."""
    least = float("inf")
    gc.disable()
    try:
        for _ in range(_TRIES):
            began = time.thread_time()
            work()
            least = min(least, time.thread_time() - began)
    finally:
        gc.enable()
    return least


@pytest.mark.parametrize("name", worst.messages(MESSAGE_CHARS))
async def test_the_words_of_a_message_are_read_in_50_ms(library: Library, name: str) -> None:
    message = worst.messages(MESSAGE_CHARS)[name]
    words = await library.vocabularies.shared()
    statistics = WordStatistics(words, words, 1_000)

    def read(db: Connection) -> None:
        terms.stem.cache_clear()
        lexical.read_question(Fts5Reader(db), message, statistics)

    assert len(message) == MESSAGE_CHARS
    assert await library._database.read(lambda db: _least(lambda: read(db))) < _MESSAGE_SECONDS


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", worst.messages(MESSAGE_CHARS))
def test_nothing_else_takes_longer_for_a_message(name: str, reading: str) -> None:
    message = worst.messages(MESSAGE_CHARS)[name]
    assert _least(lambda: READINGS[reading](message)) < _MESSAGE_SECONDS


@pytest.mark.parametrize("reading", OF_DOCUMENTS)
@pytest.mark.parametrize("name", worst.DOCUMENT_UNITS)
def test_ten_times_the_document_takes_about_ten_times_as_long(name: str, reading: str) -> None:
    small, large = (worst.documents(size)[name] for size in (3_000, 30_000))

    def seconds(text: str) -> float:
        return _least(lambda: OF_DOCUMENTS[reading](text))

    many = seconds(large)
    assert many < _TINY or many < _MOST_RATIO * seconds(small)


@pytest.mark.parametrize("name", worst.DOCUMENT_UNITS)
def test_a_passage_is_taken_apart_at_once(name: str) -> None:
    passage = worst.documents(MAX_STEPS_CHARS)[name]
    assert _least(lambda: injection.withhold_orders("a > b", blocks(passage))) < _PASSAGE_SECONDS


async def test_the_words_at_the_end_of_a_very_long_text_are_read(library: Library) -> None:
    text = f"{worst.messages(60_000)['different words']} {QUESTION}"
    words = await library.vocabularies.shared()
    statistics = WordStatistics(words, words, 1_000)
    asked = await library._database.read(lambda db: lexical.read_question(Fts5Reader(db), text, statistics))
    assert {"duplic", "charg", "refund"} <= asked.weights.keys()
    assert len(asked.frequencies) <= 512
