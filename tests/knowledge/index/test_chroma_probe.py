"""Damage that an index hides until it is searched: a process of its own finds it, and the index is made anew."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge.index import chroma_probe
from knowledge.library import Library
from tests.knowledge.parts import check_level
from tests.knowledge.test_library import KEY, commit, drawn_vectors, put_in_sql

# Chroma writes its graph to files of their own only when there is a lot of it.
MANY = 1_100


def the(chroma: Path, name: str) -> Path:
    (file,) = chroma.rglob(name)
    return file


def zero_the_links(chroma: Path) -> None:
    """The process that searches then dies of SIGSEGV."""
    file = the(chroma, "link_lists.bin")
    file.write_bytes(bytes(file.stat().st_size))


def garble_the_graph(chroma: Path) -> None:
    file = the(chroma, "data_level0.bin")
    data = np.frombuffer(file.read_bytes(), dtype=np.uint8).copy()
    places = np.random.default_rng(7).integers(0, len(data), size=1_000)
    data[places] = np.random.default_rng(8).integers(0, 256, size=len(places))
    file.write_bytes(data.tobytes())


def cut_the_names(chroma: Path) -> None:
    file = the(chroma, "index_metadata.pickle")
    os.truncate(file, file.stat().st_size // 2)


def lose_the_lengths(chroma: Path) -> None:
    the(chroma, "length.bin").unlink()


@pytest.mark.parametrize("damage", [zero_the_links, garble_the_graph, cut_the_names, lose_the_lengths])
async def test_damage_that_only_a_search_finds(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    await commit(tmp_path, put_in_sql(KEY, MANY))
    library = await Library.open(tmp_path)
    await library.close()
    damage(tmp_path / "chroma")
    with caplog.at_level(logging.WARNING):
        library = await Library.open(tmp_path)
    assert "the vector index cannot be searched: " in caplog.text
    assert (await check_level(library))["billing"] == MANY
    place = next(iter(await library.index.counts()))
    for number, vector in enumerate(drawn_vectors(MANY)[:50], start=1):
        ((found, *_),) = await library.index.nearest([[place]], vector, 3)
        assert (found[0], round(found[1], 3)) == (number, 1.0)
    await library.close()


async def test_what_was_left_in_order_needs_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []
    monkeypatch.setattr(chroma_probe, "fault_of", tried.append)
    await commit(tmp_path, put_in_sql(KEY, 10))
    for _ in range(2):
        library = await Library.open(tmp_path)
        await library.close()
    assert tried == []
    os.utime(tmp_path / "chroma" / "chroma.sqlite3")
    library = await Library.open(tmp_path)
    assert tried == [tmp_path / "chroma"]
    await library.close()


async def test_a_sound_index_passes(tmp_path: Path) -> None:
    await commit(tmp_path, put_in_sql(KEY, MANY))
    library = await Library.open(tmp_path)
    await library.close()
    assert await asyncio.to_thread(chroma_probe.fault_of, tmp_path / "chroma") is None
