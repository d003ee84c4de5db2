"""Files put together from what a browser sends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from backend.http import request_guards
from ui.documents.upload_stream import FILES_AT_ONCE, assemble_files, format_megabytes


@dataclass
class Piece:
    filename: str
    offset: int
    data: bytes


async def pieces(*all_of_them: Piece) -> AsyncIterator[Piece]:
    for piece in all_of_them:
        yield piece


async def test_files_come_whole_one_after_the_other() -> None:
    sent = pieces(
        Piece("a.md", 0, b"one "),
        Piece("a.md", 4, b"text"),
        Piece("a.md", 0, b"of the same name"),
        Piece("empty.txt", 0, b""),
        Piece("b.zip", 0, b"PK"),
    )
    files = [file async for file in assemble_files(sent, 100)]
    assert [(file.name, file.data) for file in files] == [
        ("a.md", b"one text"),
        ("a.md", b"of the same name"),
        ("empty.txt", b""),
        ("b.zip", b"PK"),
    ]
    assert [file.is_archive for file in files] == [False, False, False, True]


async def test_a_file_is_there_before_the_next_one_is_read() -> None:
    read: list[str] = []

    async def counted() -> AsyncIterator[Piece]:
        for name in ("a", "b", "c"):
            read.append(name)
            yield Piece(name, 0, b"x")

    files = assemble_files(counted(), 100)
    assert (await anext(files)).name == "a"
    assert read == ["a", "b"]
    await files.aclose()


async def test_of_a_file_that_is_too_large_only_the_size_is_kept() -> None:
    sent = pieces(Piece("big", 0, b"x" * 6), Piece("big", 6, b"x" * 6), Piece("just", 0, b"x" * 10))
    big, just = [file async for file in assemble_files(sent, 10)]
    assert (big.size, big.data) == (12, None)
    assert just.data == b"x" * 10


def test_the_desk_takes_as_many_files_as_the_page_sends() -> None:
    assert request_guards._FILES_AT_ONCE == FILES_AT_ONCE


def test_sizes_are_for_people() -> None:
    assert [format_megabytes(size) for size in (20_000_000, 1_234_567, 2_000)] == ["20 MB", "1.23 MB", "0.002 MB"]
