"""Garbage is collected while it is quiet, and after a while in any case; freed memory is given back."""

import gc
import weakref
from collections.abc import Iterator

import psutil
import pytest

from backend.http.collector import QuietCollector


class Knot:
    """Refers to itself, as what is left of a request does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nobody_else_collects() -> Iterator[None]:
    gc.collect()
    # What the tests before have loaded is not looked through again and again.
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


def garbage() -> list[weakref.ref[Knot]]:
    return [weakref.ref(Knot()) for _ in range(10_000)]


def test_what_is_left_is_collected_when_it_is_quiet() -> None:
    busy = True
    collector = QuietCollector(lambda: busy)
    left = garbage()
    collector.collect_if_quiet(10)
    assert left[0]() is not None
    busy = False
    collector.collect_if_quiet(11)
    assert not any(knot() for knot in left)


def test_not_twice_in_a_moment() -> None:
    collector = QuietCollector(lambda: False)
    garbage()
    collector.collect_if_quiet(10)
    left = garbage()
    collector.collect_if_quiet(11)
    assert left[0]() is not None
    collector.collect_if_quiet(16)
    assert left[0]() is None


def test_where_it_is_never_quiet_memory_is_kept_from_growing() -> None:
    collector = QuietCollector(lambda: True)
    left = garbage()
    collector.collect_if_quiet(100)
    assert left[0]() is not None
    collector.collect_if_quiet(121)
    assert left[0]() is None


def test_freed_memory_goes_back_to_the_system_when_it_is_quiet() -> None:
    busy, process = True, psutil.Process()
    collector = QuietCollector(lambda: busy)
    blocks = [bytes(1_000) for _ in range(200_000)]
    # Those that stay lie between the others, so that the heap cannot shrink at its end.
    kept = blocks[::500]
    held = process.memory_info().rss
    del blocks
    collector.collect_if_quiet(100)
    assert process.memory_info().rss > held - 50_000_000
    busy = False
    collector.collect_if_quiet(200)
    assert process.memory_info().rss < held - 100_000_000
    assert len(kept) == 400
