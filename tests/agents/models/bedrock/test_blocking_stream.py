"""Blocking iterators on threads of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from agents.models.bedrock.blocking_stream import UPSTREAM, BlockingStream, StreamThreads
from agents.models.failures import FailureKind, FailureScope, ModelFailure
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
            upstream.keep_body(self)
        yield from range(items)
        assert self.shut.wait(_BOUND)
        raise ConnectionError("shut down")


@pytest.fixture
def pool() -> StreamThreads:
    return StreamThreads(1, "test-threads")


async def test_items_come_in_their_order_and_then_the_end(pool: StreamThreads) -> None:
    assert [item async for item in pool.iterate_blocking(lambda: iter(range(100)))] == list(range(100))
    assert [item async for item in pool.iterate_blocking(lambda: iter(list[int]()))] == []


async def test_items_are_made_on_the_pool_and_not_on_the_event_loop(pool: StreamThreads) -> None:
    names = [name async for name in pool.iterate_blocking(lambda: iter([threading.current_thread().name]))]
    assert names[0] == "test-threads"


@pytest.mark.parametrize("error", [ValueError("v"), KeyboardInterrupt(), SystemExit(3), ConnectionResetError()])
async def test_an_error_comes_over_behind_the_items_before_it(pool: StreamThreads, error: BaseException) -> None:
    def make() -> Iterator[int]:
        yield 1
        raise error

    heard = []
    caught: BaseException | None = None
    try:
        async for item in pool.iterate_blocking(make):
            heard.append(item)
    except BaseException as raised:  # noqa: BLE001 - these are what it is about
        caught = raised
    assert heard == [1]
    assert caught is error
    assert [item async for item in pool.iterate_blocking(lambda: iter([2]))] == [2]


async def test_an_error_before_the_first_item_comes_over_too(pool: StreamThreads) -> None:
    def make() -> Iterator[int]:
        raise ValueError("before")

    with pytest.raises(ValueError, match="before"):
        await anext(pool.iterate_blocking(make))


async def test_leaving_early_ends_the_upstream_and_frees_the_thread(pool: StreamThreads) -> None:
    response = Response()
    async with aclosing(pool.iterate_blocking(lambda: response.stalled(2))) as items:
        assert await anext(items) == 0
        assert not response.shut.is_set()
    assert response.shut.is_set()
    await until(lambda: pool.busy == 0)
    assert [item async for item in pool.iterate_blocking(lambda: iter([1]))] == [1]


async def test_whoever_is_cancelled_while_waiting_ends_the_upstream(pool: StreamThreads) -> None:
    response = Response()
    began = threading.Event()

    def make() -> Iterator[int]:
        began.set()
        return response.stalled()

    waiting = asyncio.create_task(anext(pool.iterate_blocking(make)))
    await until(began.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(response.shut.is_set)


async def test_a_body_that_arrives_after_everybody_left_is_shut_at_once() -> None:
    upstream, response = BlockingStream(), Response()
    upstream.give_up()
    upstream.keep_body(response)
    assert response.shut.is_set()


@pytest.mark.parametrize("error", [ValueError(), RuntimeError(), OSError()])
def test_a_body_that_has_come_to_its_end_need_not_be_shut(error: Exception) -> None:
    upstream, response = BlockingStream(), Response()
    response.error = error
    upstream.keep_body(response)
    upstream.give_up()
    upstream.give_up()
    assert response.shut.is_set()


async def test_one_call_more_than_there_are_threads_is_refused_at_once(pool: StreamThreads) -> None:
    response, made = Response(), []

    def make() -> Iterator[int]:
        made.append(1)
        return iter([1])

    async with aclosing(pool.iterate_blocking(lambda: response.stalled(1))) as first:
        await anext(first)
        with pytest.raises(ModelFailure) as refused:
            await anext(pool.iterate_blocking(make))
    assert refused.value.kind is FailureKind.BUSY
    assert refused.value.consequence.blame is FailureScope.NOBODY
    assert made == []
    await until(lambda: pool.busy == 0)
    assert await pool.run_blocking(lambda: 2) == 2


async def test_threads_that_are_all_stalled_block_no_others(pool: StreamThreads) -> None:
    response, other = Response(), StreamThreads(1, "other")
    async with aclosing(pool.iterate_blocking(lambda: response.stalled(1))) as stalled:
        await anext(stalled)
        async with asyncio.timeout(_BOUND):
            assert [item async for item in other.iterate_blocking(lambda: iter([1, 2]))] == [1, 2]
            assert await asyncio.to_thread(lambda: 3) == 3


async def test_a_thread_knows_only_its_own_upstream(pool: StreamThreads) -> None:
    seen = await pool.run_blocking(UPSTREAM.get)
    assert seen is not None
    assert await pool.run_blocking(UPSTREAM.get) is not seen
    assert UPSTREAM.get() is None


async def test_no_thread_holds_up_the_end_of_the_process(pool: StreamThreads) -> None:
    assert await pool.run_blocking(lambda: threading.current_thread().daemon)


def test_a_loop_that_closes_in_the_middle_leaves_the_thread_free(pool: StreamThreads) -> None:
    response = Response()

    async def leave() -> None:
        async with aclosing(pool.iterate_blocking(lambda: response.stalled(1))) as items:
            await anext(items)

    async def free() -> None:
        await until(lambda: pool.busy == 0)
        assert await pool.run_blocking(lambda: 4) == 4

    asyncio.run(leave())
    asyncio.run(free())
