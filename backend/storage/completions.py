"""The earlier messages of a conversation with a model, read from its runs and their answers."""

import json
import sqlite3

from agents.answering import canned_replies
from agents.assistant import AssistantRequest
from agents.direct_completion import ChatMessage, CompletionRequest
from frontdesk.contracts.llm import CalledTool

_REMEMBERED_RUNS = 20


def earlier(db: sqlite3.Connection, turn: AssistantRequest) -> list[ChatMessage]:
    """Return the messages of the last turns before this one; a missing answer gets a placeholder text."""
    rows = db.execute(
        """SELECT runs.request, answers.content, answers.data FROM runs
           LEFT JOIN messages AS answers ON answers.run_id = runs.id AND answers.role = 'assistant'
           WHERE runs.thread_id = ? AND runs.place < (SELECT place FROM runs WHERE id = ?)
           ORDER BY runs.place DESC LIMIT ?""",
        (turn.thread_id, turn.run_id, _REMEMBERED_RUNS),
    ).fetchall()
    said = _instructions(db, turn) if len(rows) == _REMEMBERED_RUNS else []
    for row in reversed(rows):
        said += CompletionRequest.model_validate_json(row["request"] or "{}").messages
        calls = json.loads(row["data"]).get("tool_calls", []) if row["data"] else []
        called = [CalledTool.model_validate(call) for call in calls]
        content = row["content"] or ""
        if not (content.strip() or called):
            content = canned_replies.STOPPED
        said.append(ChatMessage(role="assistant", content=content, tool_calls=called))
    return said


def _instructions(db: sqlite3.Connection, turn: AssistantRequest) -> list[ChatMessage]:
    """Return the last system prompt, even if the turn that gave it is no longer remembered."""
    row = db.execute(
        """SELECT json_extract(said.value, '$.content') FROM runs, json_each(runs.request, '$.messages') AS said
           WHERE runs.thread_id = ? AND runs.place < (SELECT place FROM runs WHERE id = ?)
           AND json_extract(said.value, '$.role') = 'system' ORDER BY runs.place DESC LIMIT 1""",
        (turn.thread_id, turn.run_id),
    ).fetchone()
    return [ChatMessage(role="system", content=row[0])] if row else []
