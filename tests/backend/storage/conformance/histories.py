"""Conversations of users, inserted with SQL that any database takes."""

import time
import uuid

from knowledge.storage.database import Connection, Database


async def add_conversation(
    database: Database, user: str, *, runs: int = 1, used_at: float = 0.0, agent: str = "supervisor", ended: bool = True
) -> str:
    """Insert a conversation with so many runs, each with all that belongs to a run; return its id."""
    thread_id, at = str(uuid.uuid4()), used_at or time.time()

    def insert(db: Connection) -> None:
        db.execute(
            """INSERT INTO threads (id, user_id, agent_id, session_id, title, created_at, updated_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (thread_id, user, agent, thread_id, f"History of {user}", at, at),
        )
        for _ in range(runs):
            _insert_run(db, thread_id, user, agent, at, ended)

    await database.write(insert)
    return thread_id


async def add_handover(database: Database, user: str, *, created_at: float, resolved_at: float | None = None) -> None:
    """Insert a request for a person outside of any conversation."""
    values = (str(uuid.uuid4()), user, f"Called for by {user}", created_at, resolved_at)
    await database.write(
        lambda db: (
            db.execute(
                """INSERT INTO handovers (id, user_id, cause, reason, summary, created_at, resolved_at, place)
               VALUES (?, ?, 'asked', ?, '', ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM handovers))""",
                values,
            ).rowcount
        )
    )


async def add_spending(database: Database, user: str, day: str) -> None:
    await database.write(
        lambda db: (
            db.execute(
                "INSERT INTO spending (user_id, day, tokens, cost_usd) VALUES (?, ?, 10, 0.5)", (user, day)
            ).rowcount
        )
    )


async def count_rows(database: Database, table: str, where: str = "1 = 1", *values: object) -> int:
    return int(
        await database.read(lambda db: db.execute(f"SELECT count(*) FROM {table} WHERE {where}", values).fetchone()[0])
    )


def _insert_run(db: Connection, thread_id: str, user: str, agent: str, at: float, ended: bool) -> None:
    run_id = str(uuid.uuid4())
    db.execute(
        """INSERT INTO runs (id, thread_id, session_id, user_id, agent_id, status, question, created_at, ended_at,
                             place)
           VALUES (?, ?, ?, ?, ?, 'completed', ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM runs))""",
        (run_id, thread_id, thread_id, user, agent, f"Question of {user}?", at, at if ended else None),
    )
    for role in ("user", "assistant"):
        db.execute(
            """INSERT INTO messages (id, thread_id, run_id, role, content, created_at, data, place)
               VALUES (?, ?, ?, ?, ?, ?, '{"sources": []}', (SELECT coalesce(max(place), 0) + 1 FROM messages))""",
            (str(uuid.uuid4()), thread_id, run_id, role, f"Said by {role}: é", at),
        )
    db.executemany(
        "INSERT INTO events (run_id, seq, payload) VALUES (?, ?, ?)",
        [(run_id, seq, b'{"type":"token"}') for seq in range(3)],
    )
    db.execute(
        """INSERT INTO steps (run_id, step_id, step_type, step_name, status, started_at, place)
           VALUES (?, 'route', 'route', 'route', 'completed', ?, 1)""",
        (run_id, at),
    )
    db.execute("INSERT INTO feedback (run_id, rating, comment, created_at) VALUES (?, 'up', 'Good.', ?)", (run_id, at))
    db.execute(
        """INSERT INTO activity (day, agent, run_id, user_id, outcome, tokens, cost_usd, whole_ms, fallback, reduced)
           VALUES (?, '', ?, ?, 'completed', 10, 0.5, 200, 0, 0)""",
        (int(at // 86_400), run_id, user),
    )
