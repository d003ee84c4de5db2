"""What a hybrid agent has read once it keeps through the conversation, as long as the documents are there."""

from pathlib import Path

import pytest

from agents.conversation.wordings.english import ENGLISH_WORDING
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.selection import KEPT_PASSAGES
from knowledge.retrieval.strategies import EvidenceGatherer
from knowledge.storage.documents import DocumentKey
from tests.agents.conversation import open_desk
from tests.agents.evidence import ABOUT_CURRENCY, ABOUT_VOUCHERS, TOPICS, VOUCHERS, gather, key, stock
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes


@pytest.fixture
async def stocked(library: Library) -> Library:
    """More about billing than one question brings up."""
    await stock(library)
    return library


@pytest.fixture
def model() -> ScriptedModel:
    """Answers for the only agent that is asked."""
    return ScriptedModel(tokens={"billing": ["Yes. ", "[1]"]})


async def test_what_was_read_for_one_question_is_at_hand_for_the_next(
    stocked: Library, model: ScriptedModel, tmp_path: Path
) -> None:
    async with open_desk(stocked, writes(model), tmp_path) as desk:
        await desk.ask(ABOUT_VOUCHERS)
        first = await desk.kept("billing")
    async with open_desk(stocked, writes(model), tmp_path) as desk:
        await desk.ask(ABOUT_CURRENCY)
        second = await desk.kept("billing")
    assert first
    assert set(first) < set(second)
    assert all(VOUCHERS in messages[0].text for messages in model.prompts)
    assert TOPICS["currencies"] in model.prompts[1][0].text


async def test_what_was_read_outlasts_a_turn_that_another_agent_answers(
    stocked: Library, model: ScriptedModel, tmp_path: Path
) -> None:
    model.tokens["technical support"] = ["Use a session. [1]"]
    async with open_desk(stocked, writes(model), tmp_path) as desk:
        await desk.ask(ABOUT_VOUCHERS)
        before = await desk.kept("billing")
        assert (await desk.ask("Why does the upload API answer 413?")).text == "Use a session. [1]"
        assert await desk.kept("billing") == before


async def test_the_evidence_of_one_conversation_is_not_that_of_another(
    stocked: Library, model: ScriptedModel, tmp_path: Path
) -> None:
    async with open_desk(stocked, writes(model), tmp_path) as desk:
        await desk.ask(ABOUT_VOUCHERS, "one")
        await desk.ask(ABOUT_CURRENCY, "two")
    assert VOUCHERS not in model.prompts[1][0].text


async def test_a_document_that_is_removed_is_not_kept(stocked: Library, model: ScriptedModel, tmp_path: Path) -> None:
    async with open_desk(stocked, writes(model), tmp_path) as desk:
        await desk.ask(ABOUT_VOUCHERS)
        await stocked.remove(key("vouchers").id)
        await desk.ask(ABOUT_CURRENCY)
    assert VOUCHERS in model.prompts[0][0].text
    assert VOUCHERS not in model.prompts[1][0].text


async def test_a_declined_answer_keeps_what_the_agent_has_read_before(
    stocked: Library, model: ScriptedModel, tmp_path: Path
) -> None:
    async with open_desk(stocked, writes(model), tmp_path) as desk:
        await desk.ask(ABOUT_VOUCHERS)
        before = await desk.kept("billing")
    async with open_desk(stocked, writes(model), tmp_path, threshold=1) as desk:
        turn = await desk.ask(ABOUT_CURRENCY)
        assert turn.text.startswith(ENGLISH_WORDING.unknown)
        assert set(before) <= set(await desk.kept("billing"))


@pytest.mark.parametrize(
    ("agent", "name", "question"),
    [
        ("technical", "technical support", "The upload API returns 413"),
        ("compliance", "compliance", "Where is customer data stored?"),
    ],
)
async def test_agents_of_the_other_strategies_keep_nothing(
    library: Library, tmp_path: Path, agent: str, name: str, question: str
) -> None:
    model = ScriptedModel(tokens={name: ["Yes. [1]"]})
    async with open_desk(library, writes(model), tmp_path) as desk:
        await desk.ask(question)
        assert await desk.kept(agent) == []


MANY = (
    "refunds invoices seats taxes discounts coupons storage trials cards receipts currencies quotes upgrades "
    "downgrades charities resellers audits archives vouchers wallets"
).split()


@pytest.fixture
async def shop(library: Library) -> EvidenceGatherer:
    """A folder with more documents than a session keeps."""
    for topic in MANY:
        text = f"# About {topic}\n\nThe desk handles {topic} when you open the page {topic.title()}.\n"
        await library.put(DocumentKey("shop", "test", f"{topic}.md"), text.encode())
    return EvidenceGatherer(library, Searcher(library))


async def test_a_long_conversation_keeps_what_its_last_question_needs(shop: EvidenceGatherer) -> None:
    kept: tuple[int, ...] = ()
    for topic in [*MANY, *reversed(MANY)]:
        evidence = await shop.gather("hybrid", "shop", f"How do {topic} work?", kept=kept)
        assert {passage.chunk.id for _, passage in evidence.passages} <= set(evidence.kept)
        assert len(evidence.kept) <= KEPT_PASSAGES
        kept = evidence.kept


async def test_kept_evidence_keeps_its_order(shop: EvidenceGatherer) -> None:
    kept: tuple[int, ...] = ()
    for topic in ("vouchers", "trials"):
        evidence = await shop.gather("hybrid", "shop", f"How do {topic} work?", kept=kept)
        assert evidence.kept[: len(kept)] == kept
        kept = evidence.kept


async def test_what_was_kept_of_another_folder_is_left_out(stocked: Library) -> None:
    held = await gather(stocked, ABOUT_VOUCHERS, "billing", "hybrid")
    strategies = EvidenceGatherer(stocked, Searcher(stocked))
    fresh = await strategies.gather("hybrid", "general", "When is support open?", kept=held.kept)
    assert held.kept
    assert {excerpt.uri.split("/")[0] for excerpt in fresh.excerpts} == {"general"}
