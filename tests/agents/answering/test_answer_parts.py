"""The evidence of several questions as one, and what counts as a model's "I do not know"."""

import pytest

from agents.answering.answer_parts import merge_evidence
from agents.answering.not_known import says_not_known
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from tests.agents.evidence import gather


async def test_what_two_questions_find_has_one_number_each(library: Library) -> None:
    prices = await gather(library, "How much is Team?", "billing")
    refunds = await gather(library, "Refunds?", "billing")
    merged, parts = merge_evidence([prices, refunds])
    numbers = [excerpt.number for excerpt in merged.excerpts]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len({(excerpt.document_id, excerpt.text) for excerpt in merged.excerpts}) == len(numbers)
    texts = {excerpt.number: excerpt.text for excerpt in merged.excerpts}
    for part in parts:
        assert all(texts[excerpt.number] == excerpt.text for excerpt in part.excerpts)
        assert all(passage.chunk.text in texts[number] for number, passage in part.passages)


async def test_what_is_quoted_first_of_each_question_has_the_first_numbers(library: Library) -> None:
    questions = ["How much is Team?", "How many requests a minute may a token send?", "Refunds?"]
    folders = ["billing", "technical", "billing"]
    gathered = [await gather(library, question, folder) for question, folder in zip(questions, folders, strict=True)]
    _, parts = merge_evidence(gathered)
    best = [part.passages[part.units[0].passage][0] for part in parts]
    assert list(dict.fromkeys(best)) == list(range(1, len(set(best)) + 1))
    _, (alone,) = merge_evidence(gathered[:1])
    assert alone.passages[alone.units[0].passage][0] == 1


def test_a_confidence_permits_one_of_three_outcomes() -> None:
    assert OutcomeThresholds(0.2, 0.4).outcome(0.1) == "decline"
    assert OutcomeThresholds(0.2, 0.4).outcome(0.2) == "hedge"
    assert OutcomeThresholds(0.2, 0.4).outcome(0.4) == "answer"
    assert OutcomeThresholds(0.2).outcome(0.2) == "answer"


@pytest.mark.parametrize(
    ("answer", "is_unknown"),
    [
        ("The documents do not mention any phone support. I can put you through to a person.", True),
        ("I could not find information on that.", True),
        ("The documents do not mention phone support, but e-mail is answered within a day [2].", False),
        ("Support is open Monday to Friday.", False),
        ("Yes. The documents do not say more.", False),
        ("", False),
    ],
)
def test_a_models_own_not_knowing_is_recognized(answer: str, is_unknown: bool) -> None:
    assert says_not_known(answer) is is_unknown
