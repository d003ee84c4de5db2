"""The earlier turns of a conversation with a model, in SQL: its runs and their answers."""

import json

from backend.storage.completions import CompletionTurn
from knowledge.storage.database import Connection, Database, Row

# Instructions come first in a request, which is stored without blanks.
_INSTRUCTS = '{"messages":[{"role":"system"%'


class SqlCompletionStore:
    """The SQL implementation of `CompletionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def earlier_turns(self, thread_id: str, run_id: str, most: int) -> list[CompletionTurn]:
        return await self._database.read(lambda db: _earlier_turns(db, thread_id, run_id, most))

    async def last_instructions(self, thread_id: str, run_id: str) -> str | None:
        return await self._database.read(lambda db: _last_instructions(db, thread_id, run_id))


def _earlier_turns(db: Connection, thread_id: str, run_id: str, most: int) -> list[CompletionTurn]:
    rows = db.execute(
        """SELECT runs.request, answers.content, answers.data FROM runs
           LEFT JOIN messages AS answers ON answers.run_id = runs.id AND answers.role = 'assistant'
           WHERE runs.thread_id = ? AND runs.place < (SELECT place FROM runs WHERE id = ?)
           ORDER BY runs.place DESC LIMIT ?""",
        (thread_id, run_id, most),
    ).fetchall()
    return [_turn(row) for row in reversed(rows)]


def _turn(row: Row) -> CompletionTurn:
    return CompletionTurn(row["request"], row["content"], json.loads(row["data"]) if row["data"] else {})


def _last_instructions(db: Connection, thread_id: str, run_id: str) -> str | None:
    row = db.execute(
        """SELECT request FROM runs
           WHERE thread_id = ? AND place < (SELECT place FROM runs WHERE id = ?) AND request LIKE ?
           ORDER BY place DESC LIMIT 1""",
        (thread_id, run_id, _INSTRUCTS),
    ).fetchone()
    return row["request"] if row else None
