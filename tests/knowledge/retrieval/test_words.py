"""What users write is found in the words of the documents: misspelt, said otherwise, abbreviated."""

import pytest

from knowledge.library import Library
from knowledge.retrieval.search import FolderFindings, Searcher
from knowledge.storage.documents import DocumentKey

MULTI_FACTOR = b"""# Second step

Every member sets up multi-factor authentication (MFA) in the profile.
"""
ADDENDUM = b"# Contracts\n\nThe data processing addendum (DPA) is signed in Settings.\n"


async def put(library: Library, folder: str, name: str, data: bytes, owner: str = "") -> None:
    await library.put(DocumentKey(folder, "test", name, owner), data)


def score_of(findings: FolderFindings, name: str) -> float:
    return max(passage.lexical for passage in findings.passages if passage.chunk.path == name)


async def test_a_misspelt_word_is_corrected_in_what_is_embedded_too(library: Library) -> None:
    searcher = Searcher(library)
    wrong = await searcher.search("Are dupplicate charges refunded?", "billing")
    right = await searcher.search("Are duplicate charges refunded?", "billing")
    cosines = [{passage.chunk.id: passage.cosine for passage in found.passages} for found in (wrong, right)]
    assert cosines[0] == pytest.approx(cosines[1], abs=1e-5)
    assert wrong.asked.readings["dupplicate"] == right.asked.readings["duplicate"] == "duplic"


@pytest.mark.parametrize("word", ["student", "android", "sport"])
async def test_a_real_word_that_no_document_holds_is_not_taken_for_another(library: Library, word: str) -> None:
    await put(library, "billing", "near.md", b"# Studens\n\nThe studens and spors of the androit suport.\n")
    findings = await Searcher(library).search(f"Is there a {word} price?", "billing")
    assert word in findings.asked.readings
    assert findings.asked.readings[word] in findings.asked.unknown


async def test_what_documents_call_otherwise_is_found(library: Library) -> None:
    await put(library, "general", "second.md", MULTI_FACTOR)
    findings = await Searcher(library).search("Is 2FA required?", "general")
    assert score_of(findings, "second.md") > 0
    assert "2fa" in findings.asked.unknown & findings.asked.names & findings.asked.alternatives.keys()
    # A name that documents know by another is no unknown name.
    assert findings.signals.unknown_names == 0


async def test_an_acronym_is_learnt_from_the_documents_and_forgotten_with_them(library: Library) -> None:
    searcher = Searcher(library)
    await put(library, "compliance", "contracts.md", ADDENDUM)
    await put(library, "compliance", "form.md", b"# Form\n\nSend the DPA by mail.\n")
    findings = await searcher.search("Where is the data processing addendum?", "compliance")
    assert score_of(findings, "form.md") > 0
    (explained,) = [info for info in await library.listing("compliance") if info.path == "contracts.md"]
    await library.remove(explained.id)
    findings = await searcher.search("Where is the data processing addendum?", "compliance")
    assert score_of(findings, "form.md") == 0


async def test_an_acronym_of_one_user_is_not_known_to_others(library: Library) -> None:
    await put(library, "compliance", "form.md", b"# Form\n\nSend the DPA by mail.\n")
    await put(library, "compliance", "contracts.md", ADDENDUM, "alice")
    searcher = Searcher(library)
    question = "Where is the data processing addendum?"
    own = await searcher.search(question, "compliance", owner="alice")
    others = await searcher.search(question, "compliance", owner="bob")
    assert score_of(own, "form.md") > 0
    assert score_of(others, "form.md") == 0
    assert others.asked.alternatives == {}


async def test_an_alternative_counts_less_than_the_word_itself(library: Library) -> None:
    await put(library, "travel", "a.md", b"# First\n\nErase the zeppelin booking.\n")
    await put(library, "travel", "b.md", b"# Other\n\nDelete the zeppelin booking.\n")
    findings = await Searcher(library).search("How do I delete it?", "travel")
    assert score_of(findings, "b.md") > score_of(findings, "a.md") > 0


async def test_several_folders_are_searched_as_each_would_be_alone(library: Library) -> None:
    searcher = Searcher(library)
    question, folders = "Where is customer data stored and what does it cost?", ["billing", "compliance", "nowhere"]
    together = await searcher.search_folders(question, folders)
    alone = [await Searcher(library).search(question, folder) for folder in folders]
    for one, other in zip(together, alone, strict=True):
        assert (one.passages, one.signals, one.asked) == (other.passages, other.signals, other.asked)
    close = await searcher.closeness(question, folders)
    for one, measured in zip(together, close, strict=True):
        assert one.closeness.size == measured.size
        assert one.closeness.words == pytest.approx(measured.words)
        assert one.closeness.cosines.tolist() == measured.cosines.tolist()


async def test_what_was_found_is_found_again_for_free_while_it_is_held(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher, question = Searcher(library), "When is a duplicate charge refunded?"
    held = await searcher.search_folders(question, ["billing", "general"])
    with monkeypatch.context() as patched:
        patched.setattr(library.index, "nearest", None)
        assert await searcher.search(question, "billing") is held[0]
        with pytest.raises(TypeError):
            await searcher.search(question, "billing", owner="bob")
    await put(library, "billing", "new.md", b"# New\n\nA duplicate charge is refunded at once.\n")
    assert any(passage.chunk.path == "new.md" for passage in (await searcher.search(question, "billing")).passages)
    del held
    assert not searcher._held
