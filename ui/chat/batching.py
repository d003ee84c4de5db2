"""Batching of events, which limits how many updates a page gets each second."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

# Twenty updates a second look like writing; more are not visible, and each costs a frame.
SECONDS = 0.05


async def paced(events: AsyncIterator[T], seconds: float = SECONDS) -> AsyncGenerator[list[T], None]:
    """Yield the first event at once, then batches of what has arrived since; an error of the source is raised last."""
    gathered: asyncio.Queue[T | None] = asyncio.Queue()
    pump = asyncio.create_task(_pump(events, gathered), name="pace events")
    try:
        ended = False
        while not ended:
            batch = [await gathered.get()]
            while not gathered.empty():
                batch.append(gathered.get_nowait())
            ended = None in batch
            if ready := [event for event in batch if event is not None]:
                yield ready
                if not ended:
                    await asyncio.sleep(seconds)
        await pump
    finally:
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([pump])


async def _pump(events: AsyncIterator[T], gathered: "asyncio.Queue[T | None]") -> None:
    try:
        async for event in events:
            gathered.put_nowait(event)
    finally:
        gathered.put_nowait(None)
