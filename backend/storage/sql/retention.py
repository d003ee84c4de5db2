"""What retention needs, in SQL: what is outdated, and the last check of the clock."""

from backend.auth.audit import SYSTEM
from backend.storage.retention import ClockCheck, LastUse
from knowledge.storage.database import Connection, Database

# A run without an end is under way, or was interrupted and will be resumed.
_OUTDATED = """updated_at < ? AND NOT EXISTS (SELECT 1 FROM runs WHERE thread_id = threads.id AND ended_at IS NULL)"""

_NEWEST = (
    "SELECT max(updated_at) FROM threads",
    "SELECT created_at FROM runs ORDER BY place DESC LIMIT 1",
    "SELECT created_at FROM messages ORDER BY place DESC LIMIT 1",
    f"SELECT at FROM audit WHERE actor <> '{SYSTEM.name}' ORDER BY place DESC LIMIT 1",
)


class SqlRetentionStore:
    """The SQL implementation of `RetentionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def outdated_threads(self, before: float, after: LastUse, limit: int) -> list[LastUse]:
        return await self._database.read(lambda db: _outdated_threads(db, before, after, limit), long=True)

    async def is_outdated(self, thread_id: str, before: float) -> bool:
        return await self._database.read(lambda db: _is_outdated(db, thread_id, before))

    async def outdated_runs(self, agent_id: str, before: float, limit: int) -> list[str]:
        return await self._database.read(lambda db: _outdated_runs(db, agent_id, before, limit), long=True)

    async def delete_outdated_handovers(self, before: float, limit: int) -> int:
        return await self._database.write(lambda db: _delete_handovers(db, before, limit), erasing=True)

    async def last_clock_check(self) -> ClockCheck | None:
        return await self._database.read(_last_clock_check)

    async def store_clock_check(self, check: ClockCheck) -> None:
        await self._database.write(lambda db: _store_clock_check(db, check))


def let_figures_outlive_runs(db: Connection) -> None:
    """Let rows of `activity` exist without their run: figures hold no text, so retention keeps them."""
    columns = """day, agent, run_id, user_id, outcome, tokens, cost_usd, first_token_ms, whole_ms, fallback, reduced,
                 rating"""
    for statement in (
        """CREATE TABLE lasting_activity (
            day INTEGER NOT NULL, agent TEXT NOT NULL, run_id TEXT NOT NULL, user_id TEXT NOT NULL,
            outcome TEXT NOT NULL, tokens INTEGER NOT NULL, cost_usd REAL NOT NULL, first_token_ms INTEGER,
            whole_ms INTEGER NOT NULL, fallback INTEGER NOT NULL, reduced INTEGER NOT NULL, rating TEXT,
            PRIMARY KEY (day, agent, run_id)) WITHOUT ROWID""",
        f"INSERT INTO lasting_activity ({columns}) SELECT {columns} FROM activity",
        "DROP TABLE activity",
        "ALTER TABLE lasting_activity RENAME TO activity",
        "CREATE INDEX activity_by_run ON activity (run_id)",
        # Retention queries the least recently used conversations of all users.
        "CREATE INDEX threads_by_use ON threads (updated_at, id)",
    ):
        db.execute(statement)


def create_clock_table(db: Connection) -> None:
    """Create the table of retention's last check of the clock, which has one row."""
    db.execute(
        """CREATE TABLE retention_clock (
            number INTEGER PRIMARY KEY CHECK (number = 1), trusted_at REAL NOT NULL, doubt_seconds REAL)"""
    )


def _outdated_threads(db: Connection, before: float, after: LastUse, limit: int) -> list[LastUse]:
    rows = db.execute(
        f"""SELECT updated_at, id FROM threads WHERE {_OUTDATED} AND (updated_at, id) > (?, ?)
            ORDER BY updated_at, id LIMIT ?""",
        (before, *after, limit),
    )
    return [LastUse(*row) for row in rows]


def _is_outdated(db: Connection, thread_id: str, before: float) -> bool:
    return db.execute(f"SELECT 1 FROM threads WHERE {_OUTDATED} AND id = ?", (before, thread_id)).fetchone() is not None


def _outdated_runs(db: Connection, agent_id: str, before: float, limit: int) -> list[str]:
    rows = db.execute("SELECT id FROM runs WHERE agent_id = ? AND ended_at < ? LIMIT ?", (agent_id, before, limit))
    return [row["id"] for row in rows]


def _delete_handovers(db: Connection, before: float, limit: int) -> int:
    return db.execute(
        """DELETE FROM handovers WHERE id IN (
               SELECT id FROM handovers WHERE thread_id IS NULL AND coalesce(resolved_at, created_at) < ? LIMIT ?)""",
        (before, limit),
    ).rowcount


def _last_clock_check(db: Connection) -> ClockCheck | None:
    row = db.execute("SELECT trusted_at, doubt_seconds FROM retention_clock").fetchone()
    if row:
        return ClockCheck(*row)
    found = [db.execute(query).fetchone() for query in _NEWEST]
    return max((ClockCheck(row[0]) for row in found if row and row[0] is not None), default=None)


def _store_clock_check(db: Connection, check: ClockCheck) -> None:
    db.execute(
        """INSERT INTO retention_clock (number, trusted_at, doubt_seconds) VALUES (1, ?, ?)
           ON CONFLICT (number) DO UPDATE SET
           trusted_at = excluded.trusted_at, doubt_seconds = excluded.doubt_seconds""",
        check,
    )
