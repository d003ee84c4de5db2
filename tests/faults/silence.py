"""Models that fall silent when a test says so: their deadline expires by an event and not by time.

A provider that stalls sends nothing more. The product waits for its deadline; a short one would also expire while a
busy machine pauses, in calls that are meant to go on.
"""

import asyncio
from dataclasses import dataclass, field

from agents.models.streaming_call import StreamingCall
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Reset, Token
from tests.faults.stack import Desk, Heard

_OPEN_DEADLINE = StreamingCall.open_deadline


class Deadline(asyncio.Timeout):  # type: ignore[misc] # final for products; a test has to see it move
    """The deadline of one call, which counts the pieces that arrive and expires when it is told to."""

    def __init__(self, when: float | None) -> None:
        super().__init__(when)
        # To enter a deadline schedules it once.
        self.pieces = -1
        self.expires_now = False
        self.moved = asyncio.Event()

    def reschedule(self, when: float | None) -> None:
        """Move as the call asks, but not once it is to expire."""
        if when is not None:
            self.pieces += 1
            self.moved.set()
        now = asyncio.get_running_loop().time()
        super().reschedule(now if self.expires_now and when is not None else when)

    async def wait_for_pieces(self, number: int) -> None:
        """Wait until so many pieces have arrived."""
        while self.pieces < number:
            self.moved.clear()
            await self.moved.wait()

    def expire(self) -> None:
        """Expire at once, or as soon as the reader of the call has taken the piece that it has."""
        self.expires_now = True
        if self.when() is not None:
            super().reschedule(asyncio.get_running_loop().time())


@dataclass
class Silences:
    """The deadlines of all calls, by a text that their prompts hold."""

    calls: list[tuple[str, Deadline]] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, call: StreamingCall) -> Deadline:
        """Open the deadline of a call."""
        when = _OPEN_DEADLINE(call).when()
        deadline = Deadline(when)
        self.calls.append(("\n".join(str(message.content) for message in call.ask.messages), deadline))
        self.opened.set()
        return deadline

    async def first(self, mark: str) -> Deadline:
        """Wait for the first call whose prompt holds the text."""
        while True:
            for prompt, deadline in self.calls:
                if mark in prompt:
                    return deadline
            self.opened.clear()
            await self.opened.wait()


async def ask_a_silent_model(desk: Desk, silences: Silences, question: str, mark: str, said: str) -> Heard:
    """Ask, and let the first call whose prompt holds the mark fall silent once its answer has come so far."""
    run = await desk.start(question)
    deadline = await silences.first(mark)
    if said:
        await _wait_for_text(desk, run, said)
    deadline.expire()
    return await desk.hear(run)


async def _wait_for_text(desk: Desk, run: StoredRun, said: str) -> None:
    text = ""
    async for _, event in desk.frames(run):
        assert not isinstance(event, Reset)
        if isinstance(event, Token):
            text += event.content
        if text == said:
            return
    raise AssertionError(f"the run has ended with {text!r}")
