"""What an agent reads before it answers, by strategy."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.selection import DOCUMENTS, KEPT_PASSAGES, PASSAGES
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer, Strategy
from knowledge.retrieval.token_budget import TokenBudget
from knowledge.storage.documents import DocumentKey

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOPICS = "parking lunch heating badges visitors printers bicycles meetings phones plants".split()
ASPECTS = "opening costs booking complaints".split()
# What is left of it behind something is how much that takes, below zero.
NO_ROOM = TokenBudget(0)
LIMIT = "the 4,096 tokens of a small model"
PARKING = "What does parking cost, and how is a space booked?"
LUNCH = "When is lunch served, and who hears complaints?"


def document(topic: str) -> bytes:
    """One passage for each aspect."""
    sections = (
        f"## {aspect.title()}\n\nOn {aspect} of {topic}. {'It is well looked after. ' * 25}" for aspect in ASPECTS
    )
    return (f"# {topic.title()}\n\n" + "\n\n".join(sections)).encode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def library(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Library]:
    """The small set, and a folder of ten documents of four passages each, which came in no particular order."""
    opened = await Library.open(Path(shutil.copytree(indexed, tmp_path_factory.mktemp("strategies") / "data")))
    await asyncio.gather(
        *(opened.put(DocumentKey("house", "test", f"{topic}.md"), document(topic)) for topic in TOPICS)
    )
    yield opened
    await opened.close()


@pytest.fixture
def strategies(library: Library) -> EvidenceGatherer:
    return EvidenceGatherer(library, Searcher(library))


def check_numbers(evidence: Evidence) -> None:
    """Numbers count from 1 in prompt order; every passage has the number of an excerpt that holds it."""
    assert [excerpt.number for excerpt in evidence.excerpts] == list(range(1, len(evidence.excerpts) + 1))
    by_number = {excerpt.number: excerpt for excerpt in evidence.excerpts}
    for number, passage in evidence.passages:
        assert by_number[number].document_id == passage.chunk.document_id
        assert passage.chunk.text in by_number[number].text
    assert 0 <= evidence.confidence <= 1


@pytest.mark.parametrize("question", [PARKING, LUNCH, "How is everything looked after?"])
async def test_rag_gives_few_numbered_passages_of_few_documents(strategies: EvidenceGatherer, question: str) -> None:
    evidence = await strategies.gather("rag", "house", question)
    check_numbers(evidence)
    assert len(evidence.excerpts) == len(evidence.passages) == PASSAGES == 7
    assert len({excerpt.document_id for excerpt in evidence.excerpts}) <= DOCUMENTS == 4
    assert [excerpt.rank for excerpt in evidence.excerpts] == list(range(7))
    assert evidence.kept == ()


async def test_rag_begins_with_the_best_passage_of_the_best_document(strategies: EvidenceGatherer) -> None:
    first = (await strategies.gather("rag", "house", "What are the costs of parking?")).excerpts[0]
    assert (first.uri, first.title, first.section, first.version) == ("house/parking.md", "Parking", "Costs", 1)
    assert "On costs of parking." in first.text
    assert first.score > 0.2


async def test_cag_gives_whole_documents_in_a_fixed_order_whatever_is_asked(strategies: EvidenceGatherer) -> None:
    one, other = [await strategies.gather("cag", "house", question) for question in (PARKING, LUNCH)]
    check_numbers(one)
    assert [excerpt.uri for excerpt in one.excerpts] == [f"house/{topic}.md" for topic in sorted(TOPICS)]
    assert [excerpt.text.encode() for excerpt in one.excerpts] == [document(topic).strip() for topic in sorted(TOPICS)]
    fixed = [[(e.number, e.uri, e.title, e.version, e.text) for e in each.excerpts] for each in (one, other)]
    assert fixed[0] == fixed[1]
    assert [each.by_relevance[0].uri for each in (one, other)] == ["house/parking.md", "house/lunch.md"]


async def test_cag_says_which_version_of_a_document_it_holds(strategies: EvidenceGatherer, library: Library) -> None:
    key = DocumentKey("versions", "test", "rules.md")
    for text in ("The rule is old.", "The rule is new."):
        await library.put(key, text.encode())
    (excerpt,) = (await strategies.gather("cag", "versions", "What is the rule?")).excerpts
    assert (excerpt.version, excerpt.text) == (2, "The rule is new.")


async def test_documents_too_long_to_be_given_whole_are_given_as_passages(
    library: Library,
) -> None:
    strategies = EvidenceGatherer(library, Searcher(library), whole_chars=60)
    for number in range(3):
        text = f"# Archive {number}\n\nShelf {number} holds maps.\n"
        await library.put(DocumentKey("archive", "test", f"{number}.md"), text.encode())
    evidence = await strategies.gather("cag", "archive", "Which shelf holds maps?")
    check_numbers(evidence)
    assert evidence.strategy == "rag"
    assert sum(len(excerpt.text) for excerpt in evidence.excerpts) < 1_000


async def test_how_much_was_gathered_is_told(strategies: EvidenceGatherer, library: Library) -> None:
    told = [(await strategies.gather(strategy, "house", PARKING)).told for strategy in ("rag", "cag", "hybrid")]
    chars = sum(len(document(topic).strip()) for topic in TOPICS)
    assert told == [
        "7 passages of 4 documents",
        f"10 whole documents, {chars:,} characters",
        "7 passages, 7 of them new to the conversation",
    ]
    kept = (await strategies.gather("hybrid", "house", PARKING)).kept
    again = await strategies.gather("hybrid", "house", PARKING, kept=kept)
    assert again.told == "7 passages, 0 of them new to the conversation"
    short = EvidenceGatherer(library, Searcher(library), whole_chars=chars - 1)
    outgrown = (await short.gather("cag", "house", PARKING)).told
    reason = f"because 10 documents of {chars:,} characters are more than the {chars - 1:,} that are read whole"
    assert outgrown == f"7 passages of 4 documents, {reason}"


async def test_documents_are_read_whole_where_there_is_room_for_every_token(strategies: EvidenceGatherer) -> None:
    whole = await strategies.gather("cag", "house", PARKING)
    needed = -NO_ROOM.after(whole.excerpts).tokens
    assert await strategies.gather("cag", "house", PARKING, room=TokenBudget(needed, LIMIT)) == whole
    chars = sum(len(excerpt.text) for excerpt in whole.excerpts)
    assert needed > chars / 4
    evidence = await strategies.gather("cag", "house", PARKING, room=TokenBudget(needed - 1, LIMIT))
    check_numbers(evidence)
    assert evidence.strategy == "rag"
    assert (
        evidence.told == f"7 passages of 4 documents, because 10 documents of {chars:,} characters do not fit {LIMIT}"
    )


@pytest.mark.parametrize("strategy", ["rag", "cag", "hybrid"])
async def test_passages_without_room_are_left_out_the_worst_first(
    strategies: EvidenceGatherer, strategy: Strategy
) -> None:
    best = (await strategies.gather("rag", "house", PARKING)).by_relevance
    three = -NO_ROOM.after(best[:3]).tokens
    for room, count in ((three, 3), (three - 1, 2), (0, 1), (-1_000, 1)):
        evidence = await strategies.gather(strategy, "house", PARKING, room=TokenBudget(room, LIMIT))
        check_numbers(evidence)
        assert [excerpt.text for excerpt in evidence.by_relevance] == [excerpt.text for excerpt in best[:count]]
        assert evidence.told.startswith(f"{count} passages")
        assert evidence.told.endswith(f"; {7 - count} more do not fit {LIMIT}")
    assert (await strategies.gather("rag", "house", PARKING, room=TokenBudget(1_000_000, LIMIT))).told.endswith(
        "documents"
    )


async def test_hybrid_gives_room_to_what_is_new_before_what_it_holds(strategies: EvidenceGatherer) -> None:
    first = await strategies.gather("hybrid", "house", PARKING)
    fresh = await strategies.gather("hybrid", "house", LUNCH)
    room = TokenBudget(-NO_ROOM.after([*first.excerpts[-2:], *fresh.excerpts]).tokens, LIMIT)
    evidence = await strategies.gather("hybrid", "house", LUNCH, kept=first.kept, room=room)
    check_numbers(evidence)
    assert room.holds(evidence.excerpts)
    assert set(fresh.kept) <= set(evidence.kept)
    still = [chunk for chunk in evidence.kept if chunk not in fresh.kept]
    assert still
    # Of what it held, the oldest went.
    assert still == [chunk for chunk in first.kept if chunk not in fresh.kept][-len(still) :]


async def test_neighbours_of_one_section_are_one_source(strategies: EvidenceGatherer, library: Library) -> None:
    parts = [f"Step {number} of the evacuation: {'leave calmly and help others. ' * 25}" for number in range(3)]
    await library.put(DocumentKey("drill", "test", "fire.md"), "\n\n".join(["# Fire", *parts]).encode())
    await library.put(DocumentKey("drill", "test", "flood.md"), b"# Flood\n\nIn a flood evacuation go up.")
    evidence = await strategies.gather("rag", "drill", "What are the steps of the evacuation?")
    check_numbers(evidence)
    assert len(evidence.passages) == 4
    whole = {excerpt.uri: excerpt.text.split() for excerpt in evidence.excerpts}
    assert whole == {
        "drill/fire.md": " ".join(parts).split(),
        "drill/flood.md": "In a flood evacuation go up.".split(),
    }


async def test_what_two_documents_say_in_the_same_words_is_one_source(
    strategies: EvidenceGatherer, library: Library
) -> None:
    for name in ("a", "b", "c"):
        text = f"# Note\n\nThe lobby closes\nat {'nine' if name == 'c' else 'ten'}."
        await library.put(DocumentKey("lobby", "test", f"{name}.md"), text.encode())
    evidence = await strategies.gather("rag", "lobby", "When does the lobby close?")
    check_numbers(evidence)
    assert sorted(excerpt.text.split()[-1] for excerpt in evidence.excerpts) == ["nine.", "ten."]


async def test_hybrid_keeps_what_the_session_holds_first_and_adds_what_is_new(strategies: EvidenceGatherer) -> None:
    first = await strategies.gather("hybrid", "house", PARKING)
    check_numbers(first)
    assert len(first.kept) == PASSAGES
    second = await strategies.gather("hybrid", "house", LUNCH, kept=first.kept)
    check_numbers(second)
    assert second.kept[: len(first.kept)] == first.kept
    assert [e.text for e in second.excerpts[: len(first.excerpts)]] == [e.text for e in first.excerpts]
    assert len(second.kept) == len(set(second.kept)) == len(second.excerpts) > len(first.kept)
    assert second.by_relevance[0].uri == "house/lunch.md"


async def test_hybrid_repeats_nothing_when_the_same_is_asked_again(strategies: EvidenceGatherer) -> None:
    first = await strategies.gather("hybrid", "house", PARKING)
    again = await strategies.gather("hybrid", "house", PARKING, kept=first.kept)
    assert sorted(again.kept) == sorted(first.kept)
    assert {e.text for e in again.excerpts} == {e.text for e in first.excerpts}


async def test_hybrid_holds_no_more_than_its_limit_and_always_what_was_just_found(strategies: EvidenceGatherer) -> None:
    kept: tuple[int, ...] = ()
    for topic in TOPICS:
        evidence = await strategies.gather("hybrid", "house", f"What are the costs of {topic}?", kept=kept)
        check_numbers(evidence)
        kept = evidence.kept
        assert len(kept) <= KEPT_PASSAGES
        assert evidence.by_relevance[0].uri == f"house/{topic}.md"
    assert len(kept) == KEPT_PASSAGES


async def test_hybrid_forgets_passages_that_are_no_longer_stored(
    strategies: EvidenceGatherer, library: Library
) -> None:
    info = await library.put(DocumentKey("brief", "test", "old.md"), b"# Old\n\nThe door code was 1234.")
    first = await strategies.gather("hybrid", "brief", "What is the door code?")
    await library.put(DocumentKey("brief", "test", "new.md"), b"# New\n\nThe door opens by badge.")
    await library.remove(info.id)
    second = await strategies.gather("hybrid", "brief", "What is the door code?", kept=first.kept)
    assert [excerpt.text for excerpt in second.excerpts] == ["The door opens by badge."]


@pytest.mark.parametrize("strategy", ["rag", "cag", "hybrid"])
async def test_an_empty_folder_gives_no_evidence(strategies: EvidenceGatherer, strategy: Strategy) -> None:
    evidence = await strategies.gather(strategy, "nowhere", PARKING)
    assert (evidence.excerpts, evidence.passages, evidence.kept) == ((), (), ())
    assert evidence.confidence < 0.1


async def test_evidence_is_of_the_asked_folder_alone(strategies: EvidenceGatherer) -> None:
    for strategy in ("rag", "cag", "hybrid"):
        evidence = await strategies.gather(strategy, "billing", PARKING)
        assert {excerpt.uri.split("/")[0] for excerpt in evidence.excerpts} == {"billing"}
