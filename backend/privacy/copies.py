"""The export of everything stored about a person, read page by page, as the files of an archive."""

import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import orjson

from backend.privacy import transcript
from backend.privacy.archive import ArchiveFile
from backend.storage.sql import threads
from backend.storage.threads import StoredThread
from knowledge.library import Library
from knowledge.storage.database import Database

_PAGE = 100
Row = dict[str, Any]
_JSON_COLUMNS = ("data", "usage", "payload", "request", "before", "after")


class PersonalCopy:
    """A copy of a user's data; rows added or deleted while it is read may be in it or not."""

    def __init__(self, user_id: str, keys: Sequence[Row], database: Database, library: Library) -> None:
        self._user_id = user_id
        self._keys = keys
        self._database = database
        self._library = library
        self._counts: Counter[str] = Counter()

    async def files(self) -> AsyncIterator[ArchiveFile]:
        """Yield conversations, documents, handovers, figures, keys and audit entries, and at the end a summary."""
        async for thread in self._threads():
            self._counts["conversations"] += 1
            place = f"conversations/{thread.id}"
            yield ArchiveFile(f"{place}.md", self._as_markdown(thread))
            yield ArchiveFile(f"{place}.json", self._as_json(thread))
        async for info in self._rows(_DOCUMENTS, self._user_id, self._library.read):
            self._counts["documents"] += 1
            yield ArchiveFile(f"documents/{info['id']}.json", _once(_indented(info)))
            yield ArchiveFile(f"documents/{info['id']}.md", self._text_of(info["id"]))
        for name, query in _LISTS.items():
            yield ArchiveFile(f"{name}.json", _array(self._counted(name, self._rows(query, self._user_id))))
        yield ArchiveFile("figures.json", _array(self._figures()))
        yield ArchiveFile("requests-for-a-person.md", self._handovers())
        yield ArchiveFile("keys.json", _once(_indented(list(self._keys))))
        yield ArchiveFile("README.md", _once(self._readme()))

    async def _threads(self) -> AsyncIterator[StoredThread]:
        async for row in self._rows(_THREADS, self._user_id):
            yield StoredThread(**row)

    async def _as_markdown(self, thread: StoredThread) -> AsyncIterator[bytes]:
        yield transcript.head(thread).encode()
        offset = 0
        while page := await self._read(
            lambda db, offset=offset: threads.messages_of(db, thread.id, _PAGE, offset)  # type: ignore[misc]
        ):
            offset += len(page)
            yield transcript.turns(page).encode()

    async def _as_json(self, thread: StoredThread) -> AsyncIterator[bytes]:
        """Yield all that is stored of a conversation, including questions that were replaced by others."""
        yield b'{"conversation": ' + _indented(vars(thread)) + b',\n"messages": '
        async for part in _array(self._rows(_MESSAGES, thread.id)):
            yield part
        yield b',\n"runs": [\n'
        between = b""
        async for run in self._rows(_RUNS, thread.id):
            self._counts["runs"] += 1
            steps = await self._read(lambda db, run=run: _all(db, _STEPS, run["id"]))  # type: ignore[misc]
            rated = await self._read(lambda db, run=run: _all(db, _FEEDBACK, run["id"]))  # type: ignore[misc]
            yield between + b'{"run": ' + orjson.dumps(run) + b', "steps": ' + orjson.dumps(steps)
            yield b', "feedback": ' + orjson.dumps(rated) + b', "events": '
            async for part in _array(self._rows(_EVENTS, run["id"])):
                yield part
            yield b"}"
            between = b",\n"
        yield b"]}\n"

    async def _text_of(self, document_id: str) -> AsyncIterator[bytes]:
        text = await self._library.read(
            lambda db: db.execute("SELECT markdown FROM documents WHERE id = ?", (document_id,)).fetchone()
        )
        if text:
            yield text["markdown"].encode("utf-8", "replace")

    async def _handovers(self) -> AsyncIterator[bytes]:
        yield b"# Requests for a person\n"
        async for row in self._rows(_LISTS["requests-for-a-person"], self._user_id):
            lines = (
                f"{name}: {row[name]}" for name in ("contact", "message", "reason", "summary", "note") if row[name]
            )
            told = "\n\n".join(map(transcript.plain, lines))
            yield f"\n## {transcript.moment(row['created_at'])}\n\n{told}\n".encode()

    async def _figures(self) -> AsyncIterator[Row]:
        """Yield the figures day by day, which is the order of their primary key."""
        for day in await self._read(lambda db: _all(db, _DAYS, self._user_id)):
            values = (day["day"], self._user_id)
            for row in await self._read(lambda db, values=values: _all(db, _FIGURES, *values)):  # type: ignore[misc]
                yield row

    async def _counted(self, name: str, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        async for row in rows:
            self._counts[name] += 1
            yield row

    async def _rows(self, query: str, value: str, read: "Reading | None" = None) -> AsyncIterator[Row]:
        """Yield the rows of a query in the order of their `number`, read page by page."""
        after, read = -1, read or self._read
        paged = f"SELECT * FROM ({query}) WHERE number > ? ORDER BY number LIMIT {_PAGE}"
        while page := await read(lambda db, after=after: _all(db, paged, value, after)):  # type: ignore[misc]
            after = page[-1]["number"]
            for row in page:
                del row["number"]
                yield row

    async def _read(self, work: Callable[[sqlite3.Connection], Any]) -> Any:  # noqa: ANN401 - rows of any shape
        return await self._database.read(work, long=True)

    def _readme(self) -> bytes:
        counted = "\n".join(
            f"- {count} {name.replace('-', ' ')}" for name, count in sorted(self._counts.items()) if count
        )
        return _README.format(
            user=transcript.plain(self._user_id), moment=transcript.moment(time.time()), counted=counted or "- nothing"
        ).encode()


Reading = Callable[[Callable[[sqlite3.Connection], Any]], Awaitable[Any]]

_THREADS = "SELECT rowid AS number, * FROM threads WHERE user_id = ?"
_DOCUMENTS = """SELECT rowid AS number, id, folder, source, path, title, content_hash, version, updated_at, chunks
                FROM documents WHERE owner = ?"""
_MESSAGES = "SELECT rowid AS number, * FROM messages WHERE thread_id = ?"
_RUNS = "SELECT rowid AS number, * FROM runs WHERE thread_id = ?"
_EVENTS = "SELECT seq AS number, payload FROM events WHERE run_id = ?"
_STEPS = "SELECT * FROM steps WHERE run_id = ? ORDER BY started_at"
_FEEDBACK = "SELECT rating, comment, created_at FROM feedback WHERE run_id = ?"
_DAYS = "SELECT DISTINCT day FROM activity WHERE user_id = ? ORDER BY day"
_FIGURES = "SELECT * FROM activity WHERE day = ? AND user_id = ?"
_LISTS = {
    "requests-for-a-person": "SELECT rowid AS number, * FROM handovers WHERE user_id = ?",
    "spending": "SELECT row_number() OVER (ORDER BY day) AS number, * FROM spending WHERE user_id = ?",
    # Actions of others are listed without their address and key, and without the hash, by which these could be
    # guessed. Changed values are left out unless they concern the person: an agent's prompt is not its operator's data.
    "audit": """SELECT place AS number, place, at, action, actor, key_id, address, target, person,
                       iif(person = ?1, before, NULL) AS before, iif(person = ?1, after, NULL) AS after, hash
                FROM audit WHERE actor = ?1
                UNION ALL
                SELECT place, place, at, action, actor, NULL, NULL, target, person, NULL, NULL, NULL
                FROM audit WHERE person = ?1 AND actor <> ?1""",
}
_README = """# What this desk holds about {user}

Made at {moment}. In this archive:

{counted}

| path | holds |
| --- | --- |
| `conversations/ID.md` | a conversation, to be read |
| `conversations/ID.json` | the same with all that is stored of it: runs, steps, events, ratings |
| `documents/ID.md`, `documents/ID.json` | your own documents as text, and what is known of each |
| `requests-for-a-person.md`, `.json` | when you asked for a person, and what became of it |
| `spending.json`, `figures.json` | tokens and cost by day, and the figures of each run |
| `keys.json` | your keys, without the keys themselves |
| `audit.json` | what you did, and what others did with your data and keys |

What the desk remembers of a conversation between two turns is made of its messages and sources, and not listed again.
Times in JSON are seconds since 1970, UTC.
"""


def _all(db: sqlite3.Connection, query: str, *values: object) -> list[Row]:
    return [_with_json(row) for row in db.execute(query, values)]


def _with_json(row: sqlite3.Row) -> Row:
    """Turn a row into a dict in which columns stored as JSON are embedded as such, not as strings."""
    told = dict(row)
    for name in _JSON_COLUMNS:
        if told.get(name):
            told[name] = orjson.Fragment(told[name])
    return told


def _indented(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _array(rows: AsyncIterator[Row]) -> AsyncIterator[bytes]:
    """Yield a JSON array with one line for each row."""
    between = b"[\n"
    async for row in rows:
        yield between + orjson.dumps(row)
        between = b",\n"
    yield b"\n]" if between == b",\n" else b"[]"
