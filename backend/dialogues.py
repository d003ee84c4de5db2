"""What a conversation with a model holds already: read from its runs, each with what was said and what it answered."""

import json
import sqlite3

from agents import phrases
from agents.assistant import Turn
from agents.plain import CalledTool, PlainRequest, Said

_REMEMBERED_RUNS = 20


def earlier(db: sqlite3.Connection, turn: Turn) -> list[Said]:
    """The turns before this one. One that was not answered has words in the place of its answer."""
    rows = db.execute(
        """SELECT runs.request, answers.content, answers.data FROM runs
           LEFT JOIN messages AS answers ON answers.run_id = runs.id AND answers.role = 'assistant'
           WHERE runs.thread_id = ? AND runs.rowid < (SELECT rowid FROM runs WHERE id = ?)
           ORDER BY runs.rowid DESC LIMIT ?""",
        (turn.thread_id, turn.run_id, _REMEMBERED_RUNS),
    ).fetchall()
    said: list[Said] = []
    for row in reversed(rows):
        said += PlainRequest.model_validate_json(row["request"] or "{}").messages
        calls = json.loads(row["data"]).get("tool_calls", []) if row["data"] else []
        called = [CalledTool.model_validate(call) for call in calls]
        content = row["content"] or ("" if called else phrases.STOPPED)
        said.append(Said(role="assistant", content=content, tool_calls=called))
    return said
