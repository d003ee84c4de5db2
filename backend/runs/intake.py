"""From a question to the run that will answer it: whether its user may ask now, and in which conversation."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple
from weakref import WeakValueDictionary

from agents.graph.supervisor import SUPERVISOR
from agents.models.allowance import Expense
from backend.errors import MessageInvalid, MessageTooLong, QueueFull, RunExists, ThreadBusy, ThreadUnknown
from backend.limits.budget import Reservation
from backend.limits.clock import DeskClock
from backend.limits.costs import Costs
from backend.runs.admission import Admission
from backend.runs.queue import Lanes, WhenBusy
from backend.settings import Settings
from backend.storage import runs, threads
from backend.storage.runs import Run
from knowledge.storage.sqlite import Database
from knowledge.text.characters import cleaned, is_blank


@dataclass(frozen=True)
class Asked:
    """A question, whom it is for, in which conversation, and what to do if that is still answering.

    Without a thread or a session a conversation begins. `run_id` is the name that the client gives the run, if it does;
    `replaces`, the last run of the conversation, whose place the question takes.
    """

    user_id: str
    text: str
    agent_id: str = SUPERVISOR
    session_id: str | None = None
    thread_id: str | None = None
    when_busy: WhenBusy = "reject"
    run_id: str | None = None
    request: str | None = None
    replaces: str | None = None


class Admitted(NamedTuple):
    """A run to be, whether its conversation is there already, and what is set aside for it, which is to be released."""

    run: Run
    continues: bool
    reservation: Reservation | None


class _Conversation(NamedTuple):
    thread_id: str
    session_id: str
    begun: bool


class Asking:
    """Lets questions in, one at a time for each conversation."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        lanes: Lanes,
        admission: Admission,
        clock: DeskClock,
        costs: Costs,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._costs = costs
        self._database = database
        self._lanes = lanes
        self._admission = admission
        self._doorways: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def admitted(self, asked: Asked) -> AsyncIterator[Admitted]:
        """The run to be, while nobody else can take its place in the conversation."""
        text = clean(asked.text, self._settings.max_message_chars)
        run_id = asked.run_id or str(uuid.uuid4())
        # Two first messages of one session would each begin a conversation.
        name = f"{asked.user_id}/{asked.agent_id}/{asked.thread_id or asked.session_id or run_id}"
        doorway = self._doorways.setdefault(name, asyncio.Lock())
        async with self._admission.admitted(asked.user_id, self._cost(asked, text)) as reservation, doorway:
            asked = await self._in_place(asked)
            thread_id, session_id, begun = await self._conversation(asked)
            # Nothing is waited for between this and the run's entry into its lane, or two could take one id.
            if asked.run_id and await self._taken(run_id):
                raise RunExists(f"there is a run {run_id} already; choose another id or none")
            waits = self._make_way(thread_id, asked)
            run = Run(
                id=run_id,
                thread_id=thread_id,
                session_id=session_id,
                user_id=asked.user_id,
                agent_id=asked.agent_id,
                status="queued" if waits else "in_progress",
                question=text,
                created_at=self._clock.now(),
                request=asked.request,
                replaces=asked.replaces,
            )
            yield Admitted(run, begun, reservation)

    def _cost(self, asked: Asked, text: str) -> Expense | None:
        return self._costs.of_question(asked.agent_id, text, asked.request) if self._admission.budget.limited else None

    async def _taken(self, run_id: str) -> bool:
        stored = await self._database.read(lambda db: runs.get_run(db, run_id))
        return stored is not None or self._lanes.get(run_id) is not None

    async def _in_place(self, asked: Asked) -> Asked:
        """What replaces a run goes to its conversation, unless it names another."""
        if (replaced := asked.replaces) is None:
            return asked
        run = await self._database.read(lambda db: runs.run_of(db, asked.user_id, replaced))
        named = asked.thread_id or asked.session_id
        return replace(asked, replaces=run.id, thread_id=asked.thread_id if named else run.thread_id)

    async def _conversation(self, asked: Asked) -> _Conversation:
        """Find its thread and its session, or make ids for those that begin.

        What is found may be deleted before the run is stored; see `storage.begin_run`.
        """
        if asked.thread_id is not None:
            wanted = asked.thread_id
            thread = await self._database.read(lambda db: threads.get(db, asked.user_id, wanted))
            if thread is None or thread.deleted_at or thread.agent_id != asked.agent_id:
                raise ThreadUnknown(f"there is no conversation {wanted} with {asked.agent_id}")
            return _Conversation(thread.id, thread.session_id, begun=True)
        if asked.session_id is None:
            return _Conversation(str(uuid.uuid4()), str(uuid.uuid4()), begun=False)
        session = asked.session_id
        whose = (asked.user_id, asked.agent_id, session)
        begun = await self._database.read(lambda db: threads.of_session(db, *whose)) or self._lanes.thread_of(*whose)
        return _Conversation(begun or str(uuid.uuid4()), session, begun is not None)

    def _make_way(self, thread_id: str, asked: Asked) -> bool:
        """Whether the run has to wait for others of its conversation."""
        self._lanes.check_user(asked.user_id)
        if self._lanes.is_closed(thread_id):
            raise ThreadBusy("this conversation is being deleted; ask again in a moment")
        before = self._lanes.of_thread(thread_id)
        # What replaces a run is refused when it is stored, unless that run is the last and has ended.
        if asked.replaces:
            return bool(before)
        if before and asked.when_busy == "reject":
            raise ThreadBusy(
                f"this conversation is still answering; wait for run {before[-1].run.id}, or say when_busy: "
                "enqueue or interrupt"
            )
        if asked.when_busy == "interrupt":
            for active in before:
                active.stop("interrupted by a newer message")
        # The first of them is being answered.
        elif len(before) > self._settings.max_queued:
            raise QueueFull(
                f"{len(before) - 1} messages wait in this conversation; wait for some of them.", _QUEUE_SECONDS
            )
        return bool(before)


def clean(text: str, most: int) -> str:
    """A message as it is stored; refused where it is empty, too long or not text.

    What reorders it, is not seen or controls a terminal is left out."""
    text = text.strip()
    if is_blank(text):
        raise MessageInvalid("The message is empty; write a question.")
    if len(text) > most:
        raise MessageTooLong(f"The message has {len(text):,} characters; the limit is {most:,}.")
    if _NO_TEXT.search(text):
        raise MessageInvalid("The message holds characters that are not text.")
    return cleaned(text).strip()


_QUEUE_SECONDS = 5
# NUL, and halves of characters.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
