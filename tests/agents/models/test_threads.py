"""Blocking iterators on threads of their own."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest

from agents.models.threads import UPSTREAM, Upstream, iterate
from tests.agents.models.upstream import until

_BOUND = 10  # seconds; a test that needs them has failed


class Response:
    """A body that another thread may shut down, which wakes whoever reads it."""

    def __init__(self) -> None:
        self.shut = threading.Event()
        self.error: Exception | None = None

    def shutdown(self) -> None:
        self.shut.set()
        if self.error:
            raise self.error

    def stalled(self, items: int = 0, *, held: bool = True) -> Iterator[int]:
        """Some items, then silence until the body is shut down."""
        if held and (upstream := UPSTREAM.get()):
            upstream.hold(self)
        yield from range(items)
        assert self.shut.wait(_BOUND)
        raise ConnectionError("shut down")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


async def test_items_come_in_their_order_and_then_the_end(pool: ThreadPoolExecutor) -> None:
    assert [item async for item in iterate(pool, lambda: iter(range(100)))] == list(range(100))
    assert [item async for item in iterate(pool, lambda: iter(list[int]()))] == []


async def test_items_are_made_on_the_pool_and_not_on_the_event_loop(pool: ThreadPoolExecutor) -> None:
    names = [name async for name in iterate(pool, lambda: iter([threading.current_thread().name]))]
    assert names[0].startswith("ThreadPoolExecutor")


@pytest.mark.parametrize("error", [ValueError("v"), KeyboardInterrupt(), SystemExit(3), ConnectionResetError()])
async def test_an_error_comes_over_behind_the_items_before_it(pool: ThreadPoolExecutor, error: BaseException) -> None:
    def make() -> Iterator[int]:
        yield 1
        raise error

    heard = []
    caught: BaseException | None = None
    try:
        async for item in iterate(pool, make):
            heard.append(item)
    except BaseException as raised:  # noqa: BLE001 - these are what it is about
        caught = raised
    assert heard == [1]
    assert caught is error
    assert [item async for item in iterate(pool, lambda: iter([2]))] == [2]


async def test_an_error_before_the_first_item_comes_over_too(pool: ThreadPoolExecutor) -> None:
    def make() -> Iterator[int]:
        raise ValueError("before")

    with pytest.raises(ValueError, match="before"):
        await anext(iterate(pool, make))


async def test_leaving_early_ends_the_upstream_and_frees_the_thread(pool: ThreadPoolExecutor) -> None:
    response = Response()
    async with aclosing(iterate(pool, lambda: response.stalled(2))) as items:
        assert await anext(items) == 0
        assert not response.shut.is_set()
    assert response.shut.is_set()
    async with asyncio.timeout(_BOUND):
        assert [item async for item in iterate(pool, lambda: iter([1]))] == [1]


async def test_whoever_is_cancelled_while_waiting_ends_the_upstream(pool: ThreadPoolExecutor) -> None:
    response = Response()
    began = threading.Event()

    def make() -> Iterator[int]:
        began.set()
        return response.stalled()

    waiting = asyncio.create_task(anext(iterate(pool, make)))
    await until(began.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(response.shut.is_set)


async def test_a_body_that_arrives_after_everybody_left_is_shut_at_once() -> None:
    upstream, response = Upstream(), Response()
    upstream.give_up()
    upstream.hold(response)
    assert response.shut.is_set()


@pytest.mark.parametrize("error", [ValueError(), RuntimeError(), OSError()])
def test_a_body_that_has_come_to_its_end_need_not_be_shut(error: Exception) -> None:
    upstream, response = Upstream(), Response()
    response.error = error
    upstream.hold(response)
    upstream.give_up()
    upstream.give_up()
    assert response.shut.is_set()


async def test_a_call_that_still_waits_for_a_thread_is_never_made(pool: ThreadPoolExecutor) -> None:
    response, made = Response(), []

    def make() -> Iterator[int]:
        made.append(1)
        return iter([1])

    async with aclosing(iterate(pool, lambda: response.stalled(1))) as first:
        await anext(first)
        waiting = asyncio.create_task(anext(iterate(pool, make)))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert [item async for item in iterate(pool, lambda: iter([2]))] == [2]
    assert made == []


async def test_a_pool_full_of_stalled_streams_blocks_no_other(pool: ThreadPoolExecutor) -> None:
    response = Response()
    with ThreadPoolExecutor(1) as other:
        async with aclosing(iterate(pool, lambda: response.stalled(1))) as stalled:
            await anext(stalled)
            async with asyncio.timeout(_BOUND):
                assert [item async for item in iterate(other, lambda: iter([1, 2]))] == [1, 2]
                assert await asyncio.to_thread(lambda: 3) == 3


async def test_a_thread_of_the_pool_knows_only_its_own_upstream(pool: ThreadPoolExecutor) -> None:
    seen = [upstream async for upstream in iterate(pool, lambda: iter([UPSTREAM.get()]))]
    again = [upstream async for upstream in iterate(pool, lambda: iter([UPSTREAM.get()]))]
    assert seen[0] is not None
    assert again[0] is not seen[0]
    assert await asyncio.get_running_loop().run_in_executor(pool, UPSTREAM.get) is None
    assert UPSTREAM.get() is None


def test_a_loop_that_closes_in_the_middle_leaves_the_thread_free(pool: ThreadPoolExecutor) -> None:
    response = Response()

    async def leave() -> None:
        async with aclosing(iterate(pool, lambda: response.stalled(1))) as items:
            await anext(items)

    asyncio.run(leave())
    assert pool.submit(lambda: 4).result(_BOUND) == 4
