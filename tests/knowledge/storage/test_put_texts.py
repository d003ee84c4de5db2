"""Many documents whose text is at hand, stored in one go."""

import pytest

from knowledge.errors import DocumentUnreadable
from knowledge.library import Library
from knowledge.loaders import LoadedText
from knowledge.storage.documents import DocumentKey
from tests.knowledge.parts import check_level, paths, texts

FOLDER = "parts"


def key(path: str) -> DocumentKey:
    return DocumentKey(FOLDER, "test", path)


async def test_each_is_found_by_what_it_says_and_none_is_mixed_up(library: Library) -> None:
    others = await library.sizes()
    await library.put_texts(
        [
            (
                key("long"),
                LoadedText("Leave", "\n\n".join(f"Parental leave rule {n}. {'Weeks pass. ' * 60}" for n in range(5))),
            ),
            (key("empty"), LoadedText("Nothing", "")),
            (key("untitled"), LoadedText("", "The canteen opens at noon.")),
            (key("short"), LoadedText("Bicycles", "Bicycles are kept in the cellar.")),
        ]
    )
    assert await paths(library, FOLDER) == ["long", "short", "untitled"]
    assert (await texts(library, FOLDER, "When does the canteen open?"))[0] == "The canteen opens at noon."
    assert (await texts(library, FOLDER, "Where are bicycles kept?"))[0] == "Bicycles are kept in the cellar."
    assert (await texts(library, FOLDER, "Which rules does parental leave have?"))[0].startswith("Parental leave rule")
    sizes = await check_level(library)
    assert {folder: size for folder, size in sizes.items() if folder != FOLDER} == others


async def test_a_document_that_comes_again_is_a_new_version(library: Library) -> None:
    for text in ("The canteen opens at noon.", "The canteen opens at one."):
        await library.put_texts([(key("canteen"), LoadedText("Canteen", text))])
    (info,) = await library.listing(FOLDER)
    assert (info.version, info.chunks) == (2, 1)
    assert await texts(library, FOLDER, "canteen") == ["The canteen opens at one."]


async def test_what_no_database_takes_is_left_out(library: Library) -> None:
    odd = DocumentKey("billing", "set", "odd")
    await library.put_texts([(odd, LoadedText("A\x00 fee\ud800", "The fee\x00 is 7\udfff USD."))])
    (info,) = [info for info in await library.listing("billing") if info.id == odd.id]
    assert (info.title, (await library.whole(info.id)).markdown) == ("A fee?", "The fee is 7? USD.")


@pytest.mark.parametrize("source", ["/srv/\udcff", "a\x00b"])
async def test_a_source_that_no_database_takes_is_refused(library: Library, source: str) -> None:
    with pytest.raises(DocumentUnreadable, match="its source must not hold"):
        await library.put(DocumentKey("billing", source, "a.md"), b"The fee is 7 USD.")
