"""The conversation on the page: asking, stopping, asking again, and what was said before."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import reflex as rx

from agents.events import Event
from ui import telling
from ui.calls import Choices
from ui.client import AsyncDesk
from ui.errors import DeskError
from ui.feed import EMPTY, Feed, Op, Told
from ui.pacing import paced
from ui.shapes import Answer, Thread, ThreadWhole
from ui.state.session import Session

_MESSAGES = 200
_UNDER_WAY = ("queued", "in_progress")
# Whole answers under way, by the page that waits for them: stopping one gives up its request.
_waiting: dict[str, "asyncio.Task[Answer]"] = {}


class Chat(rx.State):
    """One page's conversation. Its text is the browser's to keep; here is only what is on its way there."""

    session_id: str = ""
    busy: bool = False
    agent: str = ""
    # Written while an answer is under way, and asked behind it.
    next: str = ""
    feed: Told = EMPTY

    _feed: Feed = Feed()
    _asked: str = ""
    _run_id: str = ""
    # Who tells the page of an answer: whoever came last. A page that is loaded again listens anew.
    _listener: int = 0
    # Stopped before it was known what to stop.
    _is_stopped: bool = False

    @rx.event
    def choose_agent(self, agent: str) -> None:
        """The supervisor decides, or one agent answers."""
        self.agent = "" if agent == "supervisor" else agent

    @rx.event
    def load(self) -> Any:
        """The conversation that the address names, or an empty page."""
        # `ui.app` calls that part of the address so.
        session_id = str(getattr(self, "session", ""))
        if session_id:
            return Chat.show(session_id)
        waiting = self.next
        self._clear()
        return Chat.answer(waiting, False) if waiting else None

    @rx.event
    def begin_new(self) -> None:
        """An empty page; the page sees to its address."""
        self._clear()

    @rx.event
    def from_the_beginning(self) -> Any:
        """The page has missed something."""
        return Chat.show(self.session_id) if self.session_id else None

    @rx.event
    def seen(self, epoch: str, number: int) -> None:
        """The page has it all: nothing of it stays here."""
        if (told := self._feed.seen(epoch, number)) is not None:
            self.feed = told

    @rx.event(background=True)
    async def show(self, session_id: str) -> None:
        """A conversation as it is stored; an answer under way goes on where it is."""
        async with self:
            self.session_id = session_id
            session = await self.get_state(Session)
            desk, streaming = session.desk(), session.streams
        async with desk:
            try:
                thread = await _thread_of(desk, session_id)
            except DeskError as error:
                await self._complain(error.message)
                return
            history = thread.history if thread else []
            running = history[-1].run_id if history and history[-1].status in _UNDER_WAY else ""
            stored = [turn for turn in history if turn.role == "user" or turn.run_id != running]
            async with self:
                self._asked = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
                self._run_id = history[-1].run_id if history else ""
                self.busy = bool(running)
                listener = self._listen()
                self.feed = self._feed.open(telling.opened(session_id, stored))
                if running:
                    self.feed = self._feed.tell([telling.waiting(streaming)])
            if running:
                await self._follow(listener, desk, desk.follow(running), streaming)
        await self._ask_next()

    @rx.event
    def send(self, form: dict[str, str]) -> Any:
        """Ask what the visitor has written."""
        return self._ask(form.get("message", ""))

    @rx.event
    def ask(self, message: str) -> Any:
        """Ask one of the questions that the empty page offers."""
        return self._ask(message)

    @rx.event
    def ask_again(self) -> Any:
        """The last question once more, in place of its answer."""
        return self._ask(self._asked, instead=True)

    @rx.event
    def edit(self, message: str) -> Any:
        """The last question as it should have been."""
        return self._ask(message, instead=True)

    def _ask(self, message: str, *, instead: bool = False) -> Any:
        message = message.strip()
        # Until the page is loaded it is not known what was said before.
        if not message or (self.is_hydrated and not self.busy):
            return Chat.answer(message, instead) if message else None
        if not instead:
            self.next = message
        return None

    @rx.event(background=True)
    async def answer(self, message: str, instead: bool) -> None:
        """Ask, perhaps instead of the last question, and tell the page what comes, at once or as it is written."""
        await self._answer(message, instead)
        await self._ask_next()

    async def _ask_next(self) -> None:
        while True:
            async with self:
                if self.busy or not self.next:
                    return
                message, self.next = self.next, ""
            await self._answer(message, instead=False)

    async def _answer(self, message: str, instead: bool) -> None:
        async with self:
            if self.busy:
                return
            session = await self.get_state(Session)
            self.session_id = self.session_id or f"web-{session.browser}-{secrets.token_hex(8)}"
            # An answer that was stopped may still be on its way out.
            choices = Choices(session_id=self.session_id, agent=self.agent or None, when_busy="enqueue")
            if instead and self._run_id:
                choices["replaces"] = self._run_id
            self.busy, self._asked, self._run_id, self._is_stopped = True, message, "", False
            listener = self._listen()
            begun = [telling.withdrawn()] if instead else []
            self.feed = self._feed.tell([*begun, telling.asked(message), telling.waiting(session.streams)])
            desk, streaming = session.desk(), session.streams
        async with desk:
            if streaming:
                await self._follow(listener, desk, desk.stream(message, **choices), streaming)
            else:
                await self._wait(listener, desk, message, choices)

    @rx.event(background=True)
    async def stop(self) -> None:
        """Stop the answer under way."""
        async with self:
            session = await self.get_state(Session)
            desk, run_id, token = session.desk(), self._run_id, self.router.session.client_token
            self._is_stopped = self.busy
        if waiting := _waiting.get(token):
            waiting.cancel()
            return
        async with desk:
            if run_id:
                # It may have ended in the meantime.
                with suppress(DeskError):
                    await desk.cancel(run_id)

    @rx.event(background=True)
    async def rate(self, run_id: str, rating: str, comment: str) -> None:
        """Whether an answer helped."""
        async with self:
            session = await self.get_state(Session)
            desk = session.desk()
        async with desk:
            try:
                await desk.feedback(run_id, "up" if rating == "up" else "down", comment)
            except DeskError as error:
                await self._complain(error.message)

    async def _follow(
        self, listener: int, desk: AsyncDesk, events: AsyncGenerator[Event, None], streaming: bool
    ) -> None:
        try:
            batches = paced(events) if streaming else _whole(events)
            async with aclosing(events), aclosing(batches):
                async for batch in batches:
                    ops = telling.of_events(batch)
                    begun = next((str(op["run"]) for op in ops if op["op"] == "run"), "")
                    if not await self._tell(listener, ops, begun):
                        return
                    async with self:
                        is_stopped = self._is_stopped
                    if begun and is_stopped:
                        await desk.cancel(begun)
        except DeskError as error:
            await self._tell(listener, [telling.failed(error.code, error.message, retryable=error.retryable)])
        finally:
            await self._rest(listener)

    async def _wait(self, listener: int, desk: AsyncDesk, message: str, choices: Choices) -> None:
        choices["on_disconnect"] = "cancel"
        asking = asyncio.create_task(desk.ask(message, **choices), name="wait for an answer")
        async with self:
            token = self.router.session.client_token
            _waiting[token] = asking
            if self._is_stopped:
                asking.cancel()
        try:
            answer = await asking
            run = await desk.run(answer.run_id)
            await self._tell(listener, telling.of_answer(answer, run.steps), answer.run_id)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # not the visitor stops, but the desk
            await self._tell(listener, [telling.stopped()])
            with suppress(DeskError):
                await _stop_last(desk, str(choices["session_id"]))
        except DeskError as error:
            await self._tell(listener, [telling.failed(error.code, error.message, retryable=error.retryable)])
        finally:
            _waiting.pop(token, None)
            await self._rest(listener)

    def _listen(self) -> int:
        self._listener += 1
        return self._listener

    async def _tell(self, listener: int, ops: list[Op], run_id: str = "") -> bool:
        async with self:
            if listener != self._listener:
                return False
            self._run_id = run_id or self._run_id
            self.feed = self._feed.tell(ops)
            self.busy = self.busy and all(op["op"] != "end" for op in ops)
            return True

    async def _rest(self, listener: int) -> None:
        async with self:
            if listener == self._listener:
                self.busy = False

    async def _complain(self, message: str) -> None:
        async with self:
            session = await self.get_state(Session)
            session.trouble = message

    def _clear(self) -> None:
        # An answer under way goes on; it is found again where it was asked.
        self._listen()
        self.busy, self.next = False, ""
        self.session_id = self._asked = self._run_id = ""
        self.feed = self._feed.open(telling.opened("", []))


async def _whole(events: AsyncGenerator[Event, None]) -> AsyncGenerator[list[Event], None]:
    """All of them, once there are no more."""
    yield [event async for event in events]


async def thread_id_of(desk: AsyncDesk, session_id: str) -> str | None:
    """The conversation of a session, if something was said in it."""
    found = await _find(desk, session_id) if session_id else None
    return found.id if found else None


async def _stop_last(desk: AsyncDesk, session_id: str) -> None:
    """Not to be left to the desk, which notices only in a moment that nobody waits for an answer any more."""
    thread = await _thread_of(desk, session_id)
    if thread and thread.history and thread.history[-1].status in _UNDER_WAY:
        await desk.cancel(thread.history[-1].run_id)


async def _thread_of(desk: AsyncDesk, session_id: str) -> ThreadWhole | None:
    """With its last messages."""
    info = await _find(desk, session_id)
    return await desk.thread(info.id, offset=max(0, info.messages - _MESSAGES)) if info else None


async def _find(desk: AsyncDesk, session_id: str) -> Thread | None:
    # Sessions of other clients may begin with the name of this one.
    found = await desk.threads(limit=200, session_prefix=session_id)
    return next((thread for thread in found.threads if thread.session_id == session_id), None)
