"""What users own: listed by owner and page by page, and measured; and moves of what is not there."""

import pytest

from knowledge.errors import DocumentUnknown
from knowledge.library import Library
from knowledge.storage.documents import DocumentKey
from knowledge.storage.quota import OwnedAmount

TEXT = b"The f\xc3\xa9e is 7 USD."


async def test_owned_documents_are_listed_and_measured_by_owner(library: Library) -> None:
    for owner, count in (("", 1), ("ada", 5), ("bo", 1)):
        for number in range(count):
            await library.put(DocumentKey("billing", "owned", f"{number}.md", owner), TEXT)
    documents = library.stores.documents
    assert await documents.owner_names() == ["ada", "bo"]
    assert await documents.owned_amounts(["ada", "cy"]) == {
        "ada": OwnedAmount(5, 5 * len(TEXT)),
        "cy": OwnedAmount(0, 0),
    }
    found, after = [], ""
    while page := await documents.owned_documents("ada", after, 2):
        found += page
        after = page[-1].id
    assert [info.id for info in found] == sorted(DocumentKey("billing", "owned", f"{n}.md", "ada").id for n in range(5))
    assert {info.owner for info in found} == {"ada"}
    assert await documents.owned_documents("cy", "", 2) == []


async def test_moving_an_unknown_document_leaves_the_one_at_its_target(library: Library) -> None:
    target = DocumentKey("billing", "moved", "there.md")
    there = await library.put(target, TEXT)
    here = await library.put(DocumentKey("billing", "moved", "here.md"), TEXT)
    await library.remove(here.id)
    with pytest.raises(DocumentUnknown):
        await library.move(here, "there.md")
    with pytest.raises(DocumentUnknown):
        await library.move(there, "there.md")
    assert [info.path for info in await library.listing() if info.source == "moved"] == ["there.md"]
    assert (await library.whole(there.id)).markdown == TEXT.decode()
