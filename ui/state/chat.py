"""The conversation on the page: asking, stopping, asking again, and what was there before."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import reflex as rx

from agents.events import Event
from ui import telling
from ui.client import AsyncDesk
from ui.errors import DeskError
from ui.feed import EMPTY, Feed, Op, Told
from ui.pacing import paced
from ui.state.session import Session

_MESSAGES = 200
# Whole answers under way, by the page that waits for them: stopping one gives up its request.
_waiting: dict[str, "asyncio.Task[Any]"] = {}


class Chat(rx.State):
    """One page's conversation. Its text is the browser's to keep; here is only what is on its way there."""

    session_id: str = ""
    busy: bool = False
    agent: str = ""
    feed: Told = EMPTY

    _feed: Feed = Feed()
    _run_id: str = ""
    _asked: str = ""

    @rx.event
    def choose_agent(self, agent: str) -> None:
        """The supervisor decides, or one agent answers."""
        self.agent = "" if agent == "supervisor" else agent

    @rx.event
    async def load(self) -> Any:
        """The conversation that the address names, or an empty page."""
        session_id = str(self.router.page.params.get("session", ""))
        if session_id:
            return Chat.show(session_id)
        self._clear()
        return None

    @rx.event
    def begin_new(self) -> Any:
        """An empty page."""
        self._clear()
        return rx.redirect("/")

    @rx.event
    def again_from_the_beginning(self) -> Any:
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
                await self._tell([telling.failed(error.code, error.message, retryable=error.retryable)])
                return
            history = thread["history"] if thread else []
            async with self:
                self._asked = next((turn["content"] for turn in reversed(history) if turn["role"] == "user"), "")
                self.feed = self._feed.open(telling.opened(session_id, [turn for turn in history if not _is_open(turn)]))
            if history and history[-1]["status"] in ("queued", "in_progress"):
                run_id = history[-1]["run_id"]
                async with self:
                    self.busy, self._run_id = True, run_id
                    self.feed = self._feed.tell([telling.waiting(streaming)])
                await self._follow(desk.follow(run_id))

    @rx.event
    def send(self, form: dict[str, str]) -> Any:
        """Ask what the visitor has written."""
        message = form.get("message", "").strip()
        return Chat.answer(message, 0) if message and not self.busy else None

    @rx.event
    def ask(self, message: str) -> Any:
        """Ask one of the questions that the empty page offers."""
        return None if self.busy else Chat.answer(message, 0)

    @rx.event(background=True)
    async def answer(self, message: str, withdrawn: int) -> None:
        """Ask, and tell the page what comes, at once or as it is written."""
        async with self:
            if self.busy:
                return
            session = await self.get_state(Session)
            self.session_id = self.session_id or f"web-{session.browser}-{secrets.token_hex(8)}"
            self.busy, self._run_id, self._asked = True, "", message
            begun: list[Op] = [{"op": "withdraw", "turns": withdrawn}] if withdrawn else []
            self.feed = self._feed.tell([*begun, telling.asked(message), telling.waiting(session.streams)])
            desk, streaming, session_id, agent = session.desk(), session.streams, self.session_id, self.agent or None
        async with desk:
            if streaming:
                await self._follow(desk.stream(message, session_id=session_id, agent=agent))
            else:
                await self._wait(desk, message, session_id, agent)

    @rx.event(background=True)
    async def stop(self) -> None:
        """Stop the answer under way."""
        async with self:
            session = await self.get_state(Session)
            desk, run_id, token = session.desk(), self._run_id, self.router.session.client_token
        if waiting := _waiting.get(token):
            waiting.cancel()
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
                async with self:
                    session = await self.get_state(Session)
                    session.trouble = error.message

    async def _follow(self, events: Any) -> None:
        try:
            async with aclosing(events):
                async for batch in _batches(events):
                    ops = telling.of_events(batch)
                    async with self:
                        self._run_id = next((op["run"] for op in ops if op["op"] == "run"), self._run_id)
                        self.feed = self._feed.tell(ops)
        except DeskError as error:
            await self._tell([telling.failed(error.code, error.message, retryable=error.retryable)])
        finally:
            await self._rest()

    async def _wait(self, desk: AsyncDesk, message: str, session_id: str, agent: str | None) -> None:
        asking = asyncio.create_task(
            desk.ask(message, session_id=session_id, agent=agent, on_disconnect="cancel"), name="wait for an answer"
        )
        token = self.router.session.client_token
        _waiting[token] = asking
        try:
            answer = await asking
            run = await desk.run(answer.run_id)
            await self._tell(telling.of_answer(answer, run.steps))
        except asyncio.CancelledError:
            await self._tell([{"op": "end", "status": "cancelled"}])
        except DeskError as error:
            await self._tell([telling.failed(error.code, error.message, retryable=error.retryable)])
        finally:
            _waiting.pop(token, None)
            await self._rest()

    async def _tell(self, ops: list[Op]) -> None:
        async with self:
            self.feed = self._feed.tell(ops)

    async def _rest(self) -> None:
        async with self:
            self.busy, self._run_id = False, ""

    def _clear(self) -> None:
        self.session_id, self._asked = "", ""
        self.feed = self._feed.open(telling.opened("", []))


def _batches(events: AsyncIterator[Event]) -> AsyncIterator[list[Event]]:
    return paced(events)


async def _thread_of(desk: AsyncDesk, session_id: str) -> dict[str, Any] | None:
    found = await desk.threads(limit=1, session_prefix=session_id)
    if not found["threads"]:
        return None
    info = found["threads"][0]
    return await desk.thread(info["id"], offset=max(0, info["messages"] - _MESSAGES))


def _is_open(turn: dict[str, Any]) -> bool:
    """What an answer under way has said so far is told by its events."""
    return turn["role"] == "assistant" and turn["status"] in ("queued", "in_progress")
