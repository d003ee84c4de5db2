"""How well evidence supports answers."""

import time
from collections.abc import Sequence
from typing import ClassVar

import pytest

from knowledge.embedding.embedder import Embedder, Vectors
from knowledge.retrieval import support
from knowledge.retrieval.support import NEUTRAL, SUPPORTED, measure

REFUNDS = """# Refunds

A duplicate charge is refunded within 5 to 10 working days to the same card. To report one:

1. Open **Settings > Billing > Invoices** and note both invoice numbers.
2. Write to billing@acme.example with both numbers.

| Plan | Price |
| --- | --- |
| Team | 12 USD |

> Support is open Monday
> to Friday.

```sh
curl -X POST https://api.acme.example/refunds
```
"""
HOURS = "Support is closed on public holidays, except for cases of severity 1."


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """One model for the module; its threads end with the process."""
    return Embedder()


@pytest.fixture
def scores(embedder: Embedder) -> "Scores":
    """How each sentence of an answer is scored."""
    return Scores(embedder)


class Scores:
    """Answers judged by the evidence above."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def __call__(self, answer: str) -> list[float]:
        found = await measure(answer, [REFUNDS, HOURS], self._embedder)
        return [sentence.score for sentence in found.sentences]


@pytest.mark.parametrize(
    "quotation",
    [
        "A duplicate charge is refunded within 5 to 10 working days to the same card. [1]",
        "1. Open **Settings > Billing > Invoices** and note both invoice numbers.\n2. Write to billing@acme.example"
        " with both numbers. [1]",
        "| Plan | Price |\n| --- | --- |\n| Team | 12 USD |\n\n[1]",
        "Support is open Monday to Friday. [2]",
        "```sh\ncurl -X POST https://api.acme.example/refunds\n```\n[1]",
        "A duplicate charge is refunded within 5 to 10\nworking days to the same card.",
    ],
)
async def test_what_stands_in_the_evidence_is_supported(scores: Scores, quotation: str) -> None:
    found = await scores(quotation)
    assert found
    assert set(found) == {1.0}


async def test_a_paraphrase_is_supported_and_an_invention_is_not(scores: Scores) -> None:
    (paraphrase,) = await scores("You get a duplicate charge back within 5 to 10 working days, to the same card [1].")
    (invention,) = await scores("Our office in Lisbon has a swimming pool for employees [1].")
    assert invention < SUPPORTED < paraphrase < 1.0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "You get a duplicate charge back within 5 to 10 working days.",
            "You get a duplicate charge back within 30 to 45 working days.",
        ),
        ("Report it by writing to billing@acme.example.", "Report it by writing to error NB-4011."),
    ],
)
async def test_a_number_that_stands_nowhere_tells_against_a_sentence(scores: Scores, right: str, wrong: str) -> None:
    (supported,), (unsupported,) = await scores(right), await scores(wrong)
    assert unsupported < supported - 0.15


async def test_an_answer_without_evidence_is_not_supported(embedder: Embedder) -> None:
    assert (await measure("The Team plan costs 12 USD.", [], embedder)).score == 0.0


@pytest.mark.parametrize("answer", ["", "[1]", "# Refunds", "I do not know.", "The documents don't mention Bitcoin."])
async def test_what_states_nothing_is_not_judged(embedder: Embedder, answer: str) -> None:
    found = await measure(answer, [REFUNDS], embedder)
    assert (found.score, found.sentences) == (NEUTRAL, ())


async def test_each_sentence_has_its_place_and_counts_by_its_length(embedder: Embedder) -> None:
    answer = "**Short.**\n\nThe Team plan costs 12 USD [1]. We sell elephants, giraffes and hippopotamuses in Nairobi."
    found = await measure(answer, [REFUNDS], embedder)
    said = [answer[sentence.start : sentence.end] for sentence in found.sentences]
    assert said == ["The Team plan costs 12 USD [1].", "We sell elephants, giraffes and hippopotamuses in Nairobi."]
    first, second = (sentence.score for sentence in found.sentences)
    assert first > second
    assert found.score == pytest.approx(support.overall(found.sentences))
    assert found.score < (first + second) / 2


async def test_every_score_is_from_0_to_1(scores: Scores) -> None:
    odd = "Ünïcödé ʘ‿ʘ 12 USD. ||||. ```\n[[[1]]] <script>. " + "word " * 500
    assert all(0 <= score <= 1 for score in await scores(odd))


class Counting(Embedder):
    """Counts the texts that it is asked for, and how many at most at once."""

    asked: ClassVar[list[int]] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(len(texts))
        return await super().embed(texts)


async def test_a_long_answer_is_judged_soon() -> None:
    """But for what the embedding model takes, which is asked of few sentences, and of one at a time."""
    sentences = [f"Sentence {number} tells of refunds, cards and working days in Frankfurt." for number in range(200)]
    evidence = [f"{REFUNDS}\n{HOURS} Case {number}." for number in range(50)]
    began = time.perf_counter()
    compared = support._compare_answer(" ".join(sentences), tuple(evidence))
    assert time.perf_counter() - began < 2
    assert len(compared) == 200
    embedder = Counting()
    await measure(" ".join(sentences), evidence, embedder)
    embedder.close()
    assert set(embedder.asked) == {2}
    assert len(embedder.asked) == 8
