"""The intake of questions: check that the user may ask now, find the conversation, and prepare the run."""

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
from backend.limits.costs import CostEstimates
from backend.runs.admission import RunAdmission
from backend.runs.queue import RunQueue, WhenBusy
from backend.settings import Settings
from backend.storage.runs import StoredRun
from backend.storage.stores import Stores
from knowledge.text.characters import cleaned, is_blank


@dataclass(frozen=True)
class RunRequest:
    """A question with its agent, its conversation, and what to do while that conversation is still answering.

    Without a thread or a session a conversation begins. `run_id` is the client's own id for the run, if it gives one;
    `replaces` is the last run of the conversation, whose place the question takes.
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


class AdmittedRun(NamedTuple):
    """A prepared run, whether its conversation exists already, and the budget reserved for it, to be released."""

    run: StoredRun
    continues: bool
    reservation: Reservation | None


class _ConversationRef(NamedTuple):
    thread_id: str
    session_id: str
    begun: bool


class RunIntake:
    """The intake of questions, one at a time for each conversation."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        lanes: RunQueue,
        admission: RunAdmission,
        clock: DeskClock,
        costs: CostEstimates,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._costs = costs
        self._runs = stores.runs
        self._threads = stores.threads
        self._lanes = lanes
        self._admission = admission
        self._doorways: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def admitted(self, asked: RunRequest) -> AsyncIterator[AdmittedRun]:
        """Prepare the run of a question, while no other can take its place in the conversation."""
        text = clean(asked.text, self._settings.max_message_chars)
        run_id = asked.run_id or str(uuid.uuid4())
        # Without it, two first messages of one session would each begin a conversation.
        name = f"{asked.user_id}/{asked.agent_id}/{asked.thread_id or asked.session_id or run_id}"
        doorway = self._doorways.setdefault(name, asyncio.Lock())
        async with self._admission.admitted(asked.user_id, self._cost(asked, text)) as reservation, doorway:
            asked = await self._in_place(asked)
            thread_id, session_id, begun = await self._conversation(asked)
            # No await may come between this check and the run's entry into its lane, or two could take one id.
            if asked.run_id and await self._taken(run_id):
                raise RunExists(f"there is a run {run_id} already; choose another id or none")
            waits = self._make_way(thread_id, asked)
            run = StoredRun(
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
            yield AdmittedRun(run, begun, reservation)

    def _cost(self, asked: RunRequest, text: str) -> Expense | None:
        return self._costs.of_question(asked.agent_id, text, asked.request) if self._admission.budget.limited else None

    async def _taken(self, run_id: str) -> bool:
        stored = await self._runs.get_run(run_id)
        return stored is not None or self._lanes.get(run_id) is not None

    async def _in_place(self, asked: RunRequest) -> RunRequest:
        """Direct a question that replaces a run to the conversation of that run, unless it names another."""
        if (replaced := asked.replaces) is None:
            return asked
        run = await self._runs.run_of_user(asked.user_id, replaced)
        named = asked.thread_id or asked.session_id
        return replace(asked, replaces=run.id, thread_id=asked.thread_id if named else run.thread_id)

    async def _conversation(self, asked: RunRequest) -> _ConversationRef:
        """Find the thread and the session of a question, or make ids for new ones.

        A conversation that is found may be deleted before the run is stored; see `RunStore.begin_run`.
        """
        if asked.thread_id is not None:
            wanted = asked.thread_id
            thread = await self._threads.get(asked.user_id, wanted)
            if thread is None or thread.deleted_at or thread.agent_id != asked.agent_id:
                raise ThreadUnknown(f"there is no conversation {wanted} with {asked.agent_id}")
            return _ConversationRef(thread.id, thread.session_id, begun=True)
        if asked.session_id is None:
            return _ConversationRef(str(uuid.uuid4()), str(uuid.uuid4()), begun=False)
        session = asked.session_id
        whose = (asked.user_id, asked.agent_id, session)
        begun = await self._threads.thread_of_session(*whose) or self._lanes.thread_of(*whose)
        return _ConversationRef(begun or str(uuid.uuid4()), session, begun is not None)

    def _make_way(self, thread_id: str, asked: RunRequest) -> bool:
        """Apply `when_busy` to the conversation; return whether the run has to wait for others there."""
        self._lanes.check_user(asked.user_id)
        if self._lanes.is_closed(thread_id):
            raise ThreadBusy("this conversation is being deleted; ask again in a moment")
        before = self._lanes.of_thread(thread_id)
        # A replacement is refused when it is stored, unless the replaced run is the last and has ended.
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
    """Return a message as it is stored; refuse it if it is empty, too long or not text.

    Characters that reorder it, are invisible or control a terminal are left out.
    """
    text = text.strip()
    if is_blank(text):
        raise MessageInvalid("The message is empty; write a question.")
    if len(text) > most:
        raise MessageTooLong(f"The message has {len(text):,} characters; the limit is {most:,}.")
    if _NO_TEXT.search(text):
        raise MessageInvalid("The message holds characters that are not text.")
    return cleaned(text).strip()


_QUEUE_SECONDS = 5
# NUL, and lone surrogates.
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
