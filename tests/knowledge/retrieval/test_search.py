"""Finding passages by meaning and by words."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.index import lexical
from knowledge.index.vocabulary import Vocabulary
from knowledge.library import Library
from knowledge.retrieval.confidence import AnswerSignals, confidence
from knowledge.retrieval.search import FolderFindings, Searcher
from knowledge.retrieval.search_signals import SearchSignals
from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentKey, DocumentPlace
from knowledge.storage.sql import fts5

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODES = {f"E{number}": f"# Error E{number}\n\nThe printer stops with E{number}.\n" for number in range(4100, 4120)}
# Each names the other folder in every way that a search could take for its own.
WORDS = {folder: fts5.place_word(DocumentPlace(folder)) for folder in ("north", "north_east")}
TWINS = {
    "north": f"# Lifts\n\nThe lift is serviced in April. See folder:north_east {WORDS['north_east']}.\n",
    "north_east": f"# Lifts\n\nThe lift is serviced in August. See folder:north {WORDS['north']}.\n",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def searcher(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Searcher]:
    """The small set, a folder of error codes, and two folders that are alike."""
    library = await Library.open(Path(shutil.copytree(indexed, tmp_path_factory.mktemp("searched") / "data")))
    documents = [("printers", name, text) for name, text in CODES.items()]
    documents += [(folder, "lifts", text) for folder, text in TWINS.items()]
    await asyncio.gather(
        *(library.put(DocumentKey(folder, "test", f"{name}.md"), text.encode()) for folder, name, text in documents)
    )
    emptied = await library.put(DocumentKey("emptied", "test", "a.md"), b"# Gone\n\nThis is gone.")
    await library.remove(emptied.id)
    yield Searcher(library)
    await library.close()


def best(findings: FolderFindings) -> str:
    chunk = findings.passages[0].chunk
    return f"{chunk.path}: {chunk.section}"


@pytest.mark.parametrize(
    ("question", "folder", "expected"),
    [
        ("You took my money two times, can I have it back?", "billing", "refunds.md: Duplicate charges"),
        ("How much do I pay for half a terabyte?", "billing", "prices.md: "),
        ("Can I call you on Sunday night?", "general", "support.md: "),
        ("In which country do you keep my files?", "compliance", "privacy.md: "),
        ("We are throttled", "technical", "rate-limits.txt: "),
    ],
)
async def test_a_paraphrase_is_found_by_its_meaning(
    searcher: Searcher, question: str, folder: str, expected: str
) -> None:
    findings = await searcher.search(question, folder)
    assert best(findings) == expected
    assert findings.passages[0].cosine == max(passage.cosine for passage in findings.passages) > 0.1


@pytest.mark.parametrize("code", ["E4100", "E4107", "E4119", "e4113"])
async def test_an_exact_code_is_found_by_its_word(searcher: Searcher, code: str) -> None:
    findings = await searcher.search(f"What does {code} on the display mean?", "printers")
    assert best(findings) == f"{code.upper()}.md: "
    assert [passage.chunk.path for passage in findings.passages if passage.lexical > 1] == [f"{code.upper()}.md"]


@pytest.mark.parametrize(
    ("misspelt", "meant", "folder"),
    [
        ("dupplicate", "duplicate", "billing"),
        ("encripted", "encrypted", "compliance"),
        ("multipartt", "multipart", "technical"),
    ],
)
async def test_a_misspelt_word_is_read_as_the_nearest_known_one(
    searcher: Searcher, misspelt: str, meant: str, folder: str
) -> None:
    wrong, right = await searcher.search(misspelt, folder), await searcher.search(meant, folder)
    scores = {passage.chunk.id: passage.lexical for passage in right.passages}
    assert max(scores.values()) > 0
    assert {passage.chunk.id: passage.lexical for passage in wrong.passages} == scores


@pytest.mark.parametrize("word", ["zzyzx", "cat", "E4999", "xncrypted"])
async def test_a_word_that_is_near_to_none_is_read_as_it_stands(searcher: Searcher, word: str) -> None:
    findings = await searcher.search(word, "compliance")
    assert {passage.lexical for passage in findings.passages} == {0.0}


@pytest.mark.parametrize(("folder", "other"), [("north", "north_east"), ("north_east", "north")])
async def test_folders_do_not_leak_into_each_other(searcher: Searcher, folder: str, other: str) -> None:
    questions = (
        TWINS[other],
        "When is the lift serviced?",
        f"folder:{other}",
        WORDS[folder],
        WORDS[other],
    )
    for question in questions:
        findings = await searcher.search(question, folder)
        assert [passage.chunk.folder for passage in findings.passages] == [folder]


@pytest.mark.parametrize(
    "syntax",
    [
        '" OR folder:* NEAR(',
        '"',
        '""" AND (',
        "text : duplicate* OR folder:technical",
        "-duplicate ^charge {title text} : a",
        "NOT NOT AND OR NEAR(a b, 5)",
        "duplicate' OR 1=1; DROP TABLE chunks; --",
        "\\ % _ * ( ) [ ] { } : ^ + - ~ |",
        "release 2.5.1 of billing@acme.example by O'Brien",
        "?",
        "",
        "the of and",
        "🙂 \u200b \u0301",
    ],
)
async def test_query_syntax_in_a_question_is_harmless(searcher: Searcher, syntax: str) -> None:
    for question in (syntax, f"Was a duplicate charge made? {syntax}"):
        findings = await searcher.search(question, "billing")
        assert {passage.chunk.folder for passage in findings.passages} == {"billing"}
        assert len(findings.passages) == 3
    assert best(findings) == "refunds.md: Duplicate charges"


async def test_very_long_questions_are_searched(searcher: Searcher) -> None:
    long = " ".join(f"word{number}" for number in range(900)) + " duplicate charge"
    findings = await searcher.search(long, "billing")
    assert max(findings.passages, key=lambda passage: passage.lexical).chunk.section == "Duplicate charges"


@pytest.mark.parametrize("folder", ["unheard_of", "emptied"])
async def test_an_empty_folder_gives_nothing_and_no_confidence(searcher: Searcher, folder: str) -> None:
    findings = await searcher.search("Is this gone?", folder)
    assert (findings.passages, findings.signals) == ((), SearchSignals())
    assert confidence(AnswerSignals(findings.signals)) < 0.1
    (closeness,) = await searcher.closeness("Is this gone?", [folder])
    assert (closeness.cosines.size, closeness.words, closeness.size) == (0, 0.0, 0)


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ("Is my data encrypted?", "Is my Kubernetes data encrypted?"),
        ("Is data in Frankfurt encrypted?", "Is data in Frankfurt, Zapier, HIPAA or E4999 encrypted?"),
        ("Is AES-256 used?", "Is AES-256 used by iPhoto?"),
    ],
)
async def test_names_that_no_document_holds_lower_the_confidence(searcher: Searcher, known: str, unknown: str) -> None:
    plain, named = await searcher.search(known, "compliance"), await searcher.search(unknown, "compliance")
    assert plain.signals.unknown_names == 0 < named.signals.unknown_names < 1
    assert confidence(AnswerSignals(named.signals, 0.5)) < confidence(AnswerSignals(plain.signals, 0.5))
    assert confidence(AnswerSignals(named.signals, 0.5)) < confidence(
        AnswerSignals(replace(named.signals, unknown_names=0), 0.5)
    )


async def test_what_the_conversation_adds_is_searched_too(searcher: Searcher) -> None:
    question, context = "and how long does that take?", "My card shows a duplicate charge"
    alone, understood = (
        await searcher.search(question, "billing"),
        await searcher.search(question, "billing", context=context),
    )
    assert max(passage.lexical for passage in alone.passages) == 0.0
    assert best(understood) == "refunds.md: Duplicate charges"


async def test_every_passage_is_found_once_and_its_cosine_is_of_its_own_text(searcher: Searcher) -> None:
    question = "Within how many days is Upload money refunded?"
    findings = await searcher.search(question, "billing")
    ids = [passage.chunk.id for passage in findings.passages]
    assert len(ids) == len(set(ids)) == 3
    (closeness,) = await searcher.closeness(question, ["billing"])
    assert sorted(passage.cosine for passage in findings.passages) == pytest.approx(sorted(closeness.cosines), abs=1e-5)


@pytest.mark.parametrize(
    "question",
    [
        "Which printer stops with E4107?",
        "the printer stops",
        "What does a printer error of E4103 or E4111 mean?",
        "Which zyxgate printer stops?",
    ],
)
async def test_in_a_large_catalogue_rare_words_find_and_all_words_score(
    searcher: Searcher, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As large as a catalogue is in which three chunks are many."""
    whole = await searcher.search(question, "printers")
    monkeypatch.setattr(lexical, "_MOST_CHUNKS", 3)
    found = await searcher.search(question, "printers")
    scores = {passage.chunk.id: passage.lexical for passage in whole.passages}
    assert {passage.chunk.id: passage.lexical for passage in found.passages} == pytest.approx(scores, rel=1e-3)
    assert [passage.chunk.id for passage in found.passages[:2]] == [passage.chunk.id for passage in whole.passages[:2]]


@pytest.mark.parametrize("most", [3, lexical._MOST_CHUNKS])
async def test_a_chunk_is_scored_by_its_words_once(
    searcher: Searcher, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[int] = []
    score = lexical._matches

    def counted(chunk: lexical.IndexedWords, asked: lexical.LexicalQuery) -> dict[str, float]:
        scored.append(chunk.chunk_id)
        return score(chunk, asked)

    monkeypatch.setattr(lexical, "_matches", counted)
    monkeypatch.setattr(lexical, "_MOST_CHUNKS", most)
    findings = await searcher.search("Which printer stops with E4107?", "printers")
    assert sorted(scored) == sorted(passage.chunk.id for passage in findings.passages)


async def test_a_word_that_the_vocabulary_lacks_yet_is_no_misspelling(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large catalogue the vocabulary is read again only now and then."""
    everything = fts5.shared_vocabulary

    def before(db: Connection) -> Vocabulary:
        known = everything(db)
        return Vocabulary({stem: count for stem, count in known.frequencies.items() if stem != "lift"} | {"lifty": 1})

    monkeypatch.setattr(fts5, "shared_vocabulary", before)
    searcher._library.vocabularies.forget()
    asked = await searcher._library._database.read(lambda db: fts5.Fts5Reader(db).frequency("lift"))
    findings = await searcher.search("lift", "north")
    assert asked > 0
    assert findings.passages[0].lexical > 0
