"""Documents that are one user's own: found by their owner like everybody's, and not to be noticed by anyone else."""

import asyncio
import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.errors import DocumentUnknown, OwnerInvalid
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.retrieval.search import CANDIDATES, Searcher
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer, Strategy
from knowledge.storage import migrations
from knowledge.storage.documents import DocumentKey, DocumentPlace
from knowledge.storage.sqlite import SqliteDatabase
from tests.knowledge.parts import check_level, write

ALICE = DocumentKey("billing", "test", "contract.md", "alice")
CONTRACT = b"# Contract\n\nOur rebate under the Zanzibar agreement QX7741 is 37 percent, paid back each spring.\n"
# Each finds the contract in one way alone, or would find it better than anything else.
QUESTIONS = {
    "by meaning": "What did we negotiate with the island off Tanzania?",
    "by words": "zanzibar qx7741 percent",
    "by a misspelt word": "What does Zanzibarr say?",
    "by all of it": "What is our rebate under the Zanzibar agreement QX7741?",
}
# Whose names could be taken for the owner's, and everybody.
OTHERS = ("", "bob", "Alice", "alic", "alice.", "%", "*")
STRATEGIES: tuple[Strategy, ...] = ("rag", "cag", "hybrid")


async def gather(library: Library, strategy: Strategy, question: str, owner: str = "") -> Evidence:
    """What a user is answered from on billing."""
    return await EvidenceGatherer(library, Searcher(library)).gather(strategy, "billing", question, owner=owner)


async def found(library: Library, question: str, owner: str = "", folder: str = "billing") -> dict[str, float]:
    """Sources that a user's question finds, each with its score by words."""
    findings = await Searcher(library).search(question, folder, owner=owner)
    return {passage.chunk.document_id: passage.lexical for passage in findings.passages}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
async def test_what_a_user_owns_is_theirs_alone(library: Library, strategy: Strategy, question: str) -> None:
    before = [await gather(library, strategy, question, other) for other in OTHERS]
    info = await library.put(ALICE, CONTRACT)
    # Equal to the last digit of every score: not even how common a word is tells of it.
    assert [await gather(library, strategy, question, other) for other in OTHERS] == before
    own = await gather(library, strategy, question, "alice")
    assert own.by_relevance[0].document_id == info.id


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
async def test_how_near_a_folder_is_does_not_tell_of_what_others_own(library: Library, question: str) -> None:
    searcher = Searcher(library)
    (before,) = await searcher.closeness(question, ["billing"], owner="bob")
    await library.put(ALICE, CONTRACT)
    (after,) = await searcher.closeness(question, ["billing"], owner="bob")
    (own,) = await searcher.closeness(question, ["billing"], owner="alice")
    assert (after.cosines.tolist(), after.words, after.size) == (before.cosines.tolist(), before.words, before.size)
    assert (own.size, max(own.cosines) > max(before.cosines)) == (before.size + 1, True)


async def test_an_own_document_weighs_as_much_as_one_of_everybodys(library: Library) -> None:
    """The same text is found twice, with the same scores."""
    infos = [await library.put(DocumentKey("billing", "test", "a.md", owner), CONTRACT) for owner in ("", "alice")]
    shared, own = infos[0].id, infos[1].id
    scores = await found(library, QUESTIONS["by all of it"], "alice")
    assert scores[shared] > 0
    assert scores[own] == pytest.approx(scores[shared])
    findings = await Searcher(library).search(QUESTIONS["by all of it"], "billing", owner="alice")
    assert {passage.chunk.document_id for passage in findings.passages[:2]} == {shared, own}
    assert findings.passages[0].cosine == pytest.approx(findings.passages[1].cosine)


async def test_no_more_candidates_are_weighed_than_of_one_folder(library: Library) -> None:
    sections = "\n\n".join(f"## Part {number}\n\nRebate {number}. {'It is paid. ' * 60}" for number in range(60))
    await library.put(ALICE, f"# Parts\n\n{sections}".encode())
    (close,) = await Searcher(library).closeness("Which rebate is paid?", ["billing"], owner="alice")
    assert close.size > CANDIDATES == close.cosines.size
    assert sorted(close.cosines, reverse=True) == list(close.cosines)


async def test_whole_documents_of_everybody_come_first_and_in_the_same_words(library: Library) -> None:
    await library.put(DocumentKey("billing", "test", "a.md", "alice"), CONTRACT)
    everybodys = await gather(library, "cag", "What is refunded?")
    own = await gather(library, "cag", "What is refunded?", "alice")
    shown = [[(e.number, e.uri, e.title, e.text) for e in evidence.excerpts] for evidence in (everybodys, own)]
    assert shown[1][:-1] == shown[0]
    assert shown[1][-1][1:3] == ("billing/a.md", "Contract")


@pytest.mark.parametrize("other", OTHERS)
async def test_what_a_thread_keeps_is_given_to_its_owner_only(library: Library, other: str) -> None:
    await library.put(ALICE, CONTRACT)
    strategies = EvidenceGatherer(library, Searcher(library))
    question = QUESTIONS["by all of it"]
    kept = (await strategies.gather("hybrid", "billing", question, owner="alice")).kept
    still = await strategies.gather("hybrid", "billing", "What is refunded?", owner="alice", kept=kept)
    evidence = await strategies.gather("hybrid", "billing", "What is refunded?", owner=other, kept=kept)
    assert set(kept) <= set(still.kept)
    assert len(set(kept) - set(evidence.kept)) == 1
    assert "Contract" not in {excerpt.title for excerpt in evidence.excerpts}


async def test_two_owners_may_have_the_same_path_in_the_same_folder(library: Library) -> None:
    owners = ("", "alice", "bob")
    keys = {owner: DocumentKey("billing", "test", "plan.md", owner) for owner in owners}
    for owner, key in keys.items():
        await library.put(key, f"# Plan\n\nThe plan is of {owner or 'all'}.".encode())
    await library.put(keys["bob"], b"# Plan\n\nThe plan is of bob, and new.")
    seen = {o: {i.id: i.version for i in await library.listing("billing", owner=o) if "plan" in i.path} for o in owners}
    assert seen == {
        "": {keys[""].id: 1},
        "alice": {keys[""].id: 1, keys["alice"].id: 1},
        "bob": {keys[""].id: 1, keys["bob"].id: 2},
    }
    await library.remove(keys["alice"].id, owner="alice")
    assert (await check_level(library))["billing"] == 4
    assert {i.owner for i in await library.everything() if "plan" in i.path} == {"", "bob"}


@pytest.mark.parametrize("other", OTHERS)
async def test_nobody_but_its_owner_can_tell_an_own_document_from_none(library: Library, other: str) -> None:
    before = await library.listing(owner=other)
    info = await library.put(ALICE, CONTRACT)
    assert await library.listing(owner=other) == before
    for unknown in (info.id, "nowhere"):
        with pytest.raises(DocumentUnknown, match=f"there is no document {unknown}$"):
            await library.remove(unknown, owner=other)
    with pytest.raises(DocumentUnknown):
        await library.remove(before[0].id, owner="alice")
    assert info in await library.listing("billing", owner="alice")


async def test_documents_of_a_directory_replace_and_prune_none_that_a_user_owns(
    library: Library, tmp_path: Path
) -> None:
    root = write(tmp_path / "docs", {"contract.md": "# Fees\n\nThere are none.\n"})
    own = await library.put(DocumentKey("billing", str(root), "contract.md", "alice"), CONTRACT)
    report = await ingest(root, "billing", library, prune=True)
    assert report.added == ["contract.md"]
    assert sorted(report.removed) == ["prices.md", "refunds.md"]
    assert own in await library.listing("billing", owner="alice")


@pytest.mark.parametrize("owner", ["../bob", "a b", "a\n", "a/b", "a" * 65, "é", "a\0"])
def test_what_cannot_name_a_user_owns_nothing(owner: str) -> None:
    with pytest.raises(OwnerInvalid, match="letters, digits") as refused:
        DocumentKey("billing", "test", "a.md", owner)
    assert refused.value.code == "owner_invalid"


async def test_owners_of_any_name_have_documents_of_their_own(library: Library) -> None:
    owners = [".", "..", "-", "a", "A", "a.b", "folder.billing.0", "a@b", "x" * 64]
    infos = [await library.put(DocumentKey("faq_", "test", "a.md", owner), CONTRACT) for owner in owners]
    for owner, info in zip(owners, infos, strict=True):
        assert list(await found(library, "zanzibar", owner, "faq_")) == [info.id]
    counts = await library.index.counts()
    assert {place.owner for place in counts if place.folder == "faq_"} == set(owners)


async def test_a_lost_index_is_filled_again_with_what_users_own(data_dir: Path) -> None:
    library = await Library.open(data_dir)
    info = await library.put(ALICE, CONTRACT)
    await library.close()
    await asyncio.to_thread(shutil.rmtree, data_dir / "chroma")
    library = await Library.open(data_dir)
    await check_level(library)
    assert (await library.index.counts())[DocumentPlace("billing", "alice")] == 1
    assert info.id in await found(library, QUESTIONS["by meaning"], "alice")
    assert info.id not in await found(library, QUESTIONS["by meaning"])
    await library.close()


def collections(data_dir: Path) -> set[str]:
    """The collections in the files of a stopped library."""
    with closing(sqlite3.connect(data_dir / "chroma" / "chroma.sqlite3")) as file:
        return {name for (name,) in file.execute("SELECT name FROM collections")}


async def test_who_owns_nothing_or_nothing_any_more_has_no_collection(data_dir: Path) -> None:
    before = collections(data_dir)
    library = await Library.open(data_dir)
    await found(library, "What is refunded?", "bob")
    for _ in range(2):
        info = await library.put(ALICE, CONTRACT)
        assert info.id in await found(library, "zanzibar", "alice")
        await library.remove(info.id, owner="alice")
        assert info.id not in await found(library, "zanzibar", "alice")
    await library.close()
    assert collections(data_dir) == before


# One document as it was stored before documents had owners, of which the vector index has not been told.
OLD_ID = hashlib.sha256(b"billing\ntest\nfees.md").hexdigest()[:16]
OLD_STORE = f"""
    INSERT INTO documents VALUES ('{OLD_ID}', 'billing', 'test', 'fees.md', 'Fees', 'hash', 3, 'A fee.', 1.0);
    INSERT INTO chunks VALUES (7, '{OLD_ID}', 0, '', 'A fee.', CAST(x'0000803f' || zeroblob(1532) AS BLOB));
    INSERT INTO chunk_words (rowid, folder, title, text) VALUES (7, 'folder{b"billing".hex()}', 'fee', 'fee');
    INSERT INTO vector_changes (folder, chunk_id, removed) VALUES ('billing', 7, 0);
"""


async def test_a_store_from_before_documents_had_owners_is_everybodys(tmp_path: Path) -> None:
    await SqliteDatabase(tmp_path / "knowledge.db", migrations.MIGRATIONS[:2]).close()
    with closing(sqlite3.connect(tmp_path / "knowledge.db")) as old:
        old.executescript(OLD_STORE)
    library = await Library.open(tmp_path)
    assert await check_level(library) == {"billing": 1}
    assert [(i.id, i.version, i.owner) for i in await library.listing(owner="alice")] == [(OLD_ID, 3, "")]
    assert list(await found(library, "fee")) == list(await found(library, "fee", "alice")) == [OLD_ID]
    assert (await library.put(DocumentKey("billing", "test", "fees.md"), b"# Fees\n\nA new fee.")).version == 4
    own = await library.put(ALICE, CONTRACT)
    assert set(await found(library, "fee", "alice")) == {OLD_ID, own.id}
    assert list(await found(library, "fee")) == [OLD_ID]
    await library.close()
