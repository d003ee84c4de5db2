"""Batching of events, which limits how many updates a page gets each second."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

# Twenty updates a second look like writing; more are not visible, and each costs a frame.
SECONDS_BETWEEN = 0.05


async def batch_events(events: AsyncIterator[T], seconds: float = SECONDS_BETWEEN) -> AsyncGenerator[list[T], None]:
    """Yield the first event at once, then batches of what has arrived since; an error of the source is raised last."""
    queue: asyncio.Queue[T | None] = asyncio.Queue()
    filling = asyncio.create_task(_fill_queue(events, queue), name="batch events")
    try:
        ended = False
        while not ended:
            batch = [await queue.get()]
            while not queue.empty():
                batch.append(queue.get_nowait())
            ended = None in batch
            if ready := [event for event in batch if event is not None]:
                yield ready
                if not ended:
                    await asyncio.sleep(seconds)
        await filling
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([filling])


async def _fill_queue(events: AsyncIterator[T], queue: "asyncio.Queue[T | None]") -> None:
    try:
        async for event in events:
            queue.put_nowait(event)
    finally:
        queue.put_nowait(None)
