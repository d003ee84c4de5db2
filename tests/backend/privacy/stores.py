"""Searches for a user's data in every database of a data directory; and long histories, inserted with SQL."""

import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path


def rows(file: Path, *, without: tuple[str, ...] = ()) -> list[str]:
    """Return every row of a database, except for those of some tables."""
    found = []
    with closing(sqlite3.connect(file)) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in without and not table.endswith("_vocabulary"):
                found += [f"{table}: {row!r}" for row in db.execute(f"SELECT * FROM {table}")]
    return found


def holding(data_dir: Path, *texts: str) -> list[str]:
    """Return the rows that contain one of these texts, except for the audit log, which keeps names."""
    every = [
        row for name in ("desk.db", "graph.db", "knowledge.db") for row in rows(data_dir / name, without=("audit",))
    ]
    return [row[:200] for row in every if any(text in row for text in texts)]


def places(data_dir: Path) -> list[str]:
    """Return the names of the vector index's collections."""
    with closing(sqlite3.connect(data_dir / "chroma" / "chroma.sqlite3")) as db:
        return [name for (name,) in db.execute("SELECT name FROM collections")]


def age(data_dir: Path, days: float, thread_id: str | None = None) -> None:
    """Make all conversations, hand-overs and runs older by that many days, or only one conversation."""
    seconds = days * 86_400
    which, values = ("WHERE id = ?", (thread_id,)) if thread_id else ("", ())
    with closing(sqlite3.connect(data_dir / "desk.db")) as db, db:
        db.execute(f"UPDATE threads SET updated_at = updated_at - {seconds} {which}", values)
        if thread_id is None:
            db.execute(f"UPDATE handovers SET created_at = created_at - {seconds}")
            db.execute(f"UPDATE runs SET ended_at = ended_at - {seconds}")


def add_history(data_dir: Path, user: str, conversations: int, *, runs: int = 1, days_ago: float = 0) -> list[str]:
    """Insert conversations of a user with so many runs each; return their ids."""
    at, ids = time.time() - days_ago * 86_400, [str(uuid.uuid4()) for _ in range(conversations)]
    with closing(sqlite3.connect(data_dir / "desk.db")) as db, db:
        for thread_id in ids:
            db.execute(
                """INSERT INTO threads (id, user_id, agent_id, session_id, title, created_at, updated_at)
                   VALUES (?, ?, 'supervisor', ?, ?, ?, ?)""",
                (thread_id, user, thread_id, f"History of {user}", at, at),
            )
            for number in range(runs):
                _add_run(db, thread_id, user, f"Question {number} of {user}?", at)
    return ids


def _add_run(db: sqlite3.Connection, thread_id: str, user: str, question: str, at: float) -> None:
    run_id = str(uuid.uuid4())
    db.execute(
        """INSERT INTO runs (id, thread_id, session_id, user_id, agent_id, status, question, created_at, ended_at,
                             finish_reason, place)
           VALUES (?, ?, ?, ?, 'supervisor', 'completed', ?, ?, ?, 'stop',
                   (SELECT coalesce(max(place), 0) + 1 FROM runs))""",
        (run_id, thread_id, thread_id, user, question, at, at),
    )
    for role, content in (("user", question), ("assistant", f"Answer to {question}")):
        db.execute(
            """INSERT INTO messages (id, thread_id, run_id, role, content, created_at, place)
               VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM messages))""",
            (str(uuid.uuid4()), thread_id, run_id, role, content, at),
        )
    db.executemany("INSERT INTO events VALUES (?, ?, ?)", [(run_id, seq, b'{"type":"token"}') for seq in range(20)])
    db.execute(
        """INSERT INTO activity (day, agent, run_id, user_id, outcome, tokens, cost_usd, first_token_ms, whole_ms,
                                 fallback, reduced, rating)
           VALUES (?, '', ?, ?, 'completed', 10, 0.5, 100, 200, 0, 0, NULL)""",
        (int(at // 86_400), run_id, user),
    )
