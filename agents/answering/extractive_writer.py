"""The extractive writer: the embedded model answers in quotations, word by word. It needs no key and no network."""

import re
from collections.abc import AsyncGenerator

from agents.answering import canned_replies
from agents.answering.answer_parts import AnswerPart
from agents.answering.extractive import QuotedAnswer, quote
from agents.answering.prompt import Prompt, messages_for
from agents.answering.writer import QuotedText, WriterChunk
from agents.models.chunks import estimate_usage
from agents.models.context_window import ContextWindow
from agents.models.failures import ModelFailure
from agents.models.model_name import EMBEDDED
from knowledge.retrieval.defining_words import missing_names

_WORD = re.compile(r"\S+\s*")


class ExtractiveWriter:
    """A writer that composes answers out of quotations."""

    name = EMBEDDED

    def held_back(self) -> ModelFailure | None:
        """Return None: the embedded model is always available."""
        return None

    async def window(self) -> ContextWindow | None:
        """Return None: the embedded model has no limit."""
        return None

    async def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]:
        """Yield the answer word by word, then its estimated usage and what there is to say about it."""
        text = _answer_to(prompt)
        for word in _WORD.findall(text.text):
            yield WriterChunk(word)
        yield WriterChunk(usage=estimate_usage(messages_for(prompt), text.text), finish="stop", quoted=text)


def _answer_to(prompt: Prompt) -> QuotedText:
    """Answer each part, under its own heading if there are several; empty if nothing can be said on any."""
    parts = prompt.parts or (AnswerPart(prompt.question, prompt.evidence, "answer"),)
    numbered = [(part, part.evidence.numbered_from(prompt.first_number)) for part in parts]
    answers = [
        (part, quote(part.question, evidence, prompt.message.language) if part.outcome != "decline" else QuotedAnswer())
        for part, evidence in numbered
    ]
    if not any(answer.quotations for _, answer in answers):
        return QuotedText("")
    written = QuotedText(canned_replies.quotation_opening(prompt.message).strip())
    for part, answer in answers:
        if len(answers) > 1:
            written = written.with_words(canned_replies.part_heading(part.heading or part.question))
        written = _with_part(written, part, answer, prompt.message.language)
    see_also = dict.fromkeys(number for _, answer in answers for number in answer.see_also)
    is_sure = any(part.outcome == "answer" and answer.quotations for part, answer in answers)
    return written.ended(tuple(see_also), is_sure=is_sure)


def _with_part(written: QuotedText, part: AnswerPart, answer: QuotedAnswer, language: str) -> QuotedText:
    """Add the quotations of one part, with a reservation where it is needed, or that there are none."""
    if not answer.quotations:
        return written.with_words(canned_replies.part_unknown(language))
    if part.outcome == "hedge":
        quoted = "\n".join(quotation.text for quotation in answer.quotations)
        missing = missing_names(part.evidence.asked, part.question, quoted)
        written = written.with_words(canned_replies.nearest(missing, language))
    for quotation in answer.quotations:
        written = written.with_quotation(quotation.text, quotation.key, part.evidence.confidence)
    return written
