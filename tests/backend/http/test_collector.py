"""Garbage is collected while it is quiet, and after a while in any case."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from backend.http.collector import QuietCollector


class Knot:
    """Refers to itself, as what is left of a request does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nobody_else_collects() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def garbage() -> list[weakref.ref[Knot]]:
    return [weakref.ref(Knot()) for _ in range(10_000)]


def test_what_is_left_is_collected_when_it_is_quiet() -> None:
    busy = True
    collector = QuietCollector(lambda: busy)
    left = garbage()
    collector.tick(10)
    assert left[0]() is not None
    busy = False
    collector.tick(11)
    assert not any(knot() for knot in left)


def test_not_twice_in_a_moment() -> None:
    collector = QuietCollector(lambda: False)
    garbage()
    collector.tick(10)
    left = garbage()
    collector.tick(11)
    assert left[0]() is not None
    collector.tick(16)
    assert left[0]() is None


def test_where_it_is_never_quiet_memory_is_kept_from_growing() -> None:
    collector = QuietCollector(lambda: True)
    left = garbage()
    collector.tick(100)
    assert left[0]() is not None
    collector.tick(121)
    assert left[0]() is None
