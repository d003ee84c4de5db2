"""What is kept of a person, in SQL: who has left something, how much, and all of it page by page."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from backend.storage.people import PersonalRecord, UserConversations
from backend.storage.sql.threads import messages_of
from backend.storage.threads import StoredMessage, StoredThread
from knowledge.storage.database import Connection, Database

_PAGE = 100
# Users are found by what they own; each of these tables has an index that begins with the user.
_OWNED = (
    "SELECT user_id FROM threads GROUP BY user_id",
    "SELECT user_id FROM runs GROUP BY user_id",
    "SELECT DISTINCT user_id FROM handovers",
    "SELECT user_id FROM spending GROUP BY user_id",
)


class _Listing(NamedTuple):
    """A statement whose every parameter is the owner of the records, and the columns that put them in order."""

    select: str
    order: tuple[str, ...]


_THREADS = _Listing("SELECT * FROM threads WHERE user_id = ?", ("created_at", "id"))
_MESSAGES = _Listing("SELECT * FROM messages WHERE thread_id = ?", ("place",))
_RUNS = _Listing("SELECT * FROM runs WHERE thread_id = ?", ("place",))
_EVENTS = _Listing("SELECT seq, payload FROM events WHERE run_id = ?", ("seq",))
_HANDOVERS = _Listing("SELECT * FROM handovers WHERE user_id = ?", ("place",))
_SPENDING = _Listing("SELECT * FROM spending WHERE user_id = ?", ("day",))
_CACHED = _Listing(
    """SELECT id, agent_id, question, answer, model, sources, support, see_also, run_id, created_at
       FROM cached_answers WHERE user_id = ?""",
    ("id",),
)
_FIGURES = _Listing("SELECT * FROM activity WHERE user_id = ?", ("day", "agent", "run_id"))
_AUDIT = _Listing(
    """SELECT place, at, action, actor, key_id, address, target, person,
              CASE WHEN person = ? THEN before END AS before, CASE WHEN person = ? THEN after END AS after, hash
       FROM audit WHERE actor = ?
       UNION ALL
       SELECT place, at, action, actor, NULL, NULL, target, person, NULL, NULL, NULL
       FROM audit WHERE person = ? AND actor <> ?""",
    ("place",),
)
_STEPS = "SELECT * FROM steps WHERE run_id = ? ORDER BY place, started_at"
_RATINGS = "SELECT rating, comment, created_at FROM feedback WHERE run_id = ?"


class SqlPeopleStore:
    """The SQL implementation of `PeopleStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def user_names(self) -> list[str]:
        return await self._database.read(_user_names, long=True)

    async def measure_conversations(self, users: Sequence[str]) -> dict[str, UserConversations]:
        return await self._database.read(lambda db: {user: _measure(db, user) for user in users}, long=True)


class SqlPersonalDataStore:
    """The SQL implementation of `PersonalDataStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def threads_of(self, user_id: str) -> AsyncIterator[StoredThread]:
        async for record in self._records(_THREADS, user_id):
            yield StoredThread(**record)

    async def shown_messages_of(self, thread_id: str) -> AsyncIterator[StoredMessage]:
        offset = 0
        while page := await self._shown_page(thread_id, offset):
            offset += len(page)
            for message in page:
                yield message

    def messages_of(self, thread_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_MESSAGES, thread_id)

    def runs_of(self, thread_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_RUNS, thread_id)

    async def steps_of(self, run_id: str) -> list[PersonalRecord]:
        return await self._database.read(lambda db: _select(db, _STEPS, run_id), long=True)

    async def ratings_of(self, run_id: str) -> list[PersonalRecord]:
        return await self._database.read(lambda db: _select(db, _RATINGS, run_id), long=True)

    async def events_of(self, run_id: str) -> AsyncIterator[PersonalRecord]:
        async for record in self._records(_EVENTS, run_id):
            yield {"payload": record["payload"]}

    def handovers_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_HANDOVERS, user_id)

    def spending_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_SPENDING, user_id)

    def cached_answers_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_CACHED, user_id)

    def figures_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_FIGURES, user_id)

    def audit_entries_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        return self._records(_AUDIT, user_id)

    async def _records(self, listing: _Listing, owner: str) -> AsyncIterator[PersonalRecord]:
        """Yield the records of a listing, each page after the last record of the one before."""
        page = await self._page(listing, owner, ())
        while page:
            for record in page:
                yield record
            page = await self._page(listing, owner, tuple(page[-1][column] for column in listing.order))

    async def _page(self, listing: _Listing, owner: str, after: tuple[Any, ...]) -> list[PersonalRecord]:
        return await self._database.read(lambda db: _select_page(db, listing, owner, after), long=True)

    async def _shown_page(self, thread_id: str, offset: int) -> list[StoredMessage]:
        return await self._database.read(lambda db: messages_of(db, thread_id, _PAGE, offset), long=True)


def _select_page(db: Connection, listing: _Listing, owner: str, after: tuple[Any, ...]) -> list[PersonalRecord]:
    order = ", ".join(listing.order)
    where = f"WHERE ({order}) > ({', '.join('?' * len(after))})" if after else ""
    query = f"SELECT * FROM ({listing.select}) AS listed {where} ORDER BY {order} LIMIT {_PAGE}"
    return _select(db, query, *[owner] * listing.select.count("?"), *after)


def _select(db: Connection, query: str, *values: object) -> list[PersonalRecord]:
    return [dict(row) for row in db.execute(query, values)]


def _user_names(db: Connection) -> list[str]:
    return [row["user_id"] for row in db.execute(" UNION ".join(_OWNED))]


def _measure(db: Connection, user: str) -> UserConversations:
    count, used = db.execute("SELECT count(*), max(updated_at) FROM threads WHERE user_id = ?", (user,)).fetchone()
    runs = db.execute("SELECT count(*) FROM runs WHERE user_id = ?", (user,)).fetchone()[0]
    handovers = db.execute("SELECT count(*) FROM handovers WHERE user_id = ?", (user,)).fetchone()[0]
    written = db.execute(
        """SELECT coalesce(sum(length(CAST(content AS BLOB))), 0) FROM messages
           WHERE thread_id IN (SELECT id FROM threads WHERE user_id = ?)""",
        (user,),
    ).fetchone()[0]
    return UserConversations(count, runs, handovers, written, used)
