"""The units of passages: embedded when a document is indexed, or when a question comes if it was indexed earlier."""

from knowledge.index.lexical import LexicalQuery
from knowledge.library import Library
from knowledge.retrieval.defining_words import missing_names
from knowledge.retrieval.search import Passage, Searcher
from knowledge.retrieval.sections import sections_around
from knowledge.retrieval.units import score_units
from knowledge.storage.documents import DocumentKey

NOTES = "notes"
PLANS = [f"Plan {number} of the list for schools" for number in range(1, 61)]
LONG = "# Limits\n\n| Plan | Files |\n| --- | --- |\n" + "".join(f"| {plan} | {len(plan)} |\n" for plan in PLANS)


async def found(library: Library, question: str) -> tuple[list[Passage], LexicalQuery]:
    findings = await Searcher(library).search(question, NOTES)
    return list(findings.passages), findings.asked


async def test_units_without_stored_vectors_are_embedded_when_a_question_comes(library: Library) -> None:
    await library.put(
        DocumentKey(NOTES, "test", "a.md"), b"# Exports\n\nAn export takes 48 hours. It is erased then.\n"
    )
    question, store = "How long does an export take?", library.stores.passages
    passages, asked = await found(library, question)
    stored = await score_units(question, asked, passages, store, library.embedder)
    assert [passage.chunk.id for passage in passages] == list(
        await store.unit_vectors([passages[0].chunk.id], library.embedder.model)
    )
    await library._database.write(lambda db: db.execute("UPDATE chunks SET unit_vectors = NULL"))
    assert await store.unit_vectors([passages[0].chunk.id], library.embedder.model) == {}
    made = await score_units(question, asked, passages, store, library.embedder)
    assert [(unit.block, unit.index) for unit in made] == [(unit.block, unit.index) for unit in stored]
    assert all(abs(one.score - other.score) < 0.02 for one, other in zip(made, stored, strict=True))


async def test_a_table_that_was_split_is_one_table_again_in_its_section(library: Library) -> None:
    await library.put(DocumentKey(NOTES, "test", "limits.md"), LONG.encode())
    passages, _ = await found(library, "Plan 30 of the list for schools")
    assert len(passages) > 1
    (section, *_) = await sections_around([passage.chunk for passage in passages], library.stores.passages)
    assert section.count("| Plan | Files |") == 1
    rows = [line for line in section.split("\n") if line.startswith("| Plan ")][1:]
    assert rows == [row for row in LONG.split("\n") if row in rows]
    assert len(rows) > passages[0].chunk.text.count("\n")


async def test_what_a_question_names_is_missed_in_a_text_without_it(library: Library) -> None:
    question = "Can we sign in with Okta on Friday at 99.9 % of our Macs?"
    asked = (await Searcher(library).search(question, "billing")).asked
    assert missing_names(asked, question, "Signing in with Okta") == ["Macs"]
    assert missing_names(asked, question, "Signing in on Macs") == ["Okta"]
    assert missing_names(asked, question, "Okta on Macs") == []
