"""Measure every pattern in processes that can be ended; `python -m tests.patterns.probe` prints those that are slow.

It is processor time of the one thread, the least of several tries: nothing here depends on how busy the machine is.
"""

import json
import os
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.patterns import inputs
from tests.patterns.collected import Compiled, patterns

Work = Callable[[str], object]

MOST_RATIO = 15
_SMALL, _MIDDLE, _LARGE = 1_000, 10_000, 100_000
# Below this nothing can be told, and nobody waits.
_TINY = 0.002
# A linear pattern takes less for the small size, however many branches it has.
_MOST_SMALL = 0.05
# What takes less for the small size is not quadratic. Of the others the slowest are tried at the middle size, and few
# at the largest.
_TELLING_SMALL = 0.000_05
_TRIED_MIDDLE, _TRIED_LARGE = 60, 3
_TRIES, _TRIES_OF_SUSPECTS = 3, 20
_MOST_SECONDS = 20


class _Tried(NamedTuple):
    """An input, what was done with it, and seconds for the small size."""

    seconds: float
    name: str
    work: Work
    grown: inputs.Grown


def worst(compiled: Compiled, begin: Callable[[str], None]) -> str | None:
    """What a pattern is slow at, if it is; `begin` hears of each input before it is tried."""
    tried: list[_Tried] = []
    for use, work in _works(compiled):
        for name, grown in (*inputs.general(), *inputs.derived(compiled.pattern)):
            begin(f"{use} of {name}")
            seconds = _least(work, grown(_SMALL), 1)
            if seconds > _MOST_SMALL and (seconds := _least(work, grown(_SMALL), _TRIES)) > _MOST_SMALL:
                return f"{use} of {name}: {seconds:.3f} s for {_SMALL:,} characters"
            tried.append(_Tried(seconds, f"{use} of {name}", work, grown))
    tried.sort(key=lambda one: -one.seconds)
    for place, one in enumerate(tried[:_TRIED_MIDDLE]):
        if place >= _TRIED_LARGE and one.seconds < _TELLING_SMALL:
            break
        begin(one.name)
        if bad := _compared(one, _SMALL):
            return bad
    for one in tried[:_TRIED_LARGE]:
        begin(one.name)
        if bad := _compared(one, _MIDDLE):
            return bad
    return None


def _compared(one: _Tried, size: int) -> str | None:
    """Whether ten times the text takes much more than ten times as long."""
    text, longer = one.grown(size), one.grown(size * 10)
    many = _least(one.work, longer, 1)
    if many < _TINY or many < MOST_RATIO * _least(one.work, text, 1):
        return None
    # A pause of the machine, or what else uses its caches, may make one try slow, but not the least of many.
    few = many = float("inf")
    for _ in range(_TRIES_OF_SUSPECTS):
        few, many = min(few, _least(one.work, text, _TRIES)), min(many, _least(one.work, longer, _TRIES))
        if many < MOST_RATIO * few:
            return None
    return f"{one.name}: {few:.4f} s for {size:,} characters, {many:.4f} s for ten times as many"


def _least(work: Work, text: str, tries: int) -> float:
    least = float("inf")
    for _ in range(tries):
        began = time.thread_time()
        work(text)
        least = min(least, time.thread_time() - began)
    return least


def _works(compiled: Compiled) -> Iterator[tuple[str, Work]]:
    pattern = compiled.pattern
    # `finditer` looks for a pattern as `search`, `split` and `sub` do.
    if compiled.uses - {"match", "fullmatch"}:
        yield "finditer", lambda text: sum(1 for _ in pattern.finditer(_as_wanted(pattern, text)))
    if "match" in compiled.uses:
        yield "match", lambda text: pattern.match(_as_wanted(pattern, text))
    if "fullmatch" in compiled.uses:
        yield "fullmatch", lambda text: pattern.fullmatch(_as_wanted(pattern, text))


def _as_wanted(pattern: Any, text: str) -> Any:
    return text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text


def in_a_process(compiled: Compiled, seconds: int = _MOST_SECONDS) -> str | None:
    """The same where a pattern that never ends can be ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        _say(writing, worst(compiled, lambda text: _say(writing, text)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        (last,) = deque(said, maxlen=1)
    _, status = os.waitpid(child, 0)
    slow: str | None = f"{json.loads(last)}: not done after {seconds} s" if status else json.loads(last)
    return slow


def _say(pipe: int, text: str | None) -> None:
    os.write(pipe, json.dumps(text).encode() + b"\n")


def main(wanted: list[str]) -> int:
    """Look at every pattern, or at those whose place holds one of the words."""
    found = [one for one in patterns() if not wanted or any(word in one.place for word in wanted)]
    bad = 0
    for one in found:
        if slow := in_a_process(one):
            bad += 1
            print(f"{one.place}: {slow}", flush=True)
    print(f"{len(found)} patterns, {bad} of them slow", flush=True)
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
