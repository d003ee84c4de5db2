"""Both clients, read alike."""

import asyncio
from collections.abc import Callable
from typing import Any

from frontdesk import AsyncDesk, Desk
from frontdesk.contracts.events import Event

Read = Callable[..., list[Event]]


def read(url: str, door: str, *args: Any, hear: Callable[[Event], object] = bool, **options: Any) -> list[Event]:
    """All events of `stream` or `follow`, by the client that waits; `hear` is told of each as it comes."""
    events: list[Event] = []
    with Desk(url, **options) as desk:
        for event in getattr(desk, door)(*args):
            events.append(event)
            hear(event)
    return events


def read_async(url: str, door: str, *args: Any, hear: Callable[[Event], object] = bool, **options: Any) -> list[Event]:
    """The same, by the client that does not."""

    async def reading() -> list[Event]:
        events: list[Event] = []
        async with AsyncDesk(url, **options) as desk:
            async for event in getattr(desk, door)(*args):
                events.append(event)
                hear(event)
        return events

    return asyncio.run(reading())


BOTH = (read, read_async)
