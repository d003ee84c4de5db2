"""What is read from the store once, and again after a change."""

import asyncio
import logging

import pytest

from knowledge.storage import cached
from knowledge.storage.cached import Cached


class Store:
    """Gives the number of readings; slowly where a gate is shut."""

    def __init__(self) -> None:
        self.readings = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def read(self) -> int:
        self.begun.set()
        await self.gate.wait()
        if self.failure:
            raise self.failure
        self.readings += 1
        return self.readings


async def test_it_is_read_once_and_again_after_each_change() -> None:
    value = Cached(Store().read)
    assert [await value.get(), await value.get()] == [1, 1]
    value.forget()
    assert [await value.get(), await value.get()] == [2, 2]


async def test_many_who_want_it_at_once_read_it_once() -> None:
    store = Store()
    value = Cached(store.read)
    assert set(await asyncio.gather(*(value.get() for _ in range(20)))) == {1}


async def test_what_takes_long_is_read_behind_the_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "_QUICK_SECONDS", 0.0)
    monkeypatch.setattr(cached, "_SHARE_OF_TIME", 1e9)
    store = Store()
    value = Cached(store.read, may_be_old=True)
    assert await value.get() == 1
    store.gate.clear()
    value.forget()
    assert await value.get() == 1
    store.gate.set()
    async with asyncio.timeout(5):
        while await value.get() != 2:  # noqa: ASYNC110 - lets the reading go on; the deadline bounds it
            await asyncio.sleep(0)


async def test_what_must_not_be_old_is_waited_for_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "_QUICK_SECONDS", 0.0)
    value = Cached(Store().read)
    assert await value.get() == 1
    value.forget()
    assert await value.get() == 2


async def test_a_change_while_it_is_read_is_seen() -> None:
    store = Store()
    store.gate.clear()
    value = Cached(store.read)
    first = asyncio.create_task(value.get())
    await store.begun.wait()
    value.forget()
    store.gate.set()
    assert await first == 2


async def test_a_reading_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    store = Store()
    store.failure = OSError("the disk is gone")
    value = Cached(store.read)
    with pytest.raises(OSError, match="the disk is gone"), caplog.at_level(logging.WARNING):
        await value.get()
    store.failure = None
    assert await value.get() == 1


async def test_closing_ends_what_is_being_read() -> None:
    store = Store()
    store.gate.clear()
    value = Cached(store.read)
    waiting = asyncio.create_task(value.get())
    await store.begun.wait()
    await value.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_change_right_behind_a_reading_has_it_read_again() -> None:
    store, turn = Store(), asyncio.Event()
    value = Cached(store.read)
    store.gate.clear()
    asking = asyncio.create_task(value.get())
    await store.begun.wait()

    async def change_and_ask() -> int:
        await turn.wait()
        value.forget()
        return await value.get()

    changing = asyncio.create_task(change_and_ask())
    await asyncio.sleep(0)
    # Both go on in this order, before anybody hears that the reading is done.
    store.gate.set()
    turn.set()
    assert await changing == 2
    assert await asking == 2
