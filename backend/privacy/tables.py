"""The migrations of `desk.db` for deletion and retention."""

import sqlite3


def let_figures_outlive_runs(db: sqlite3.Connection) -> None:
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


def create_removals_table(db: sqlite3.Connection) -> None:
    """Create the table that marks removals under way, so that the next start completes those interrupted by a crash."""
    db.execute(
        """CREATE TABLE removals (
            user_id TEXT NOT NULL, part TEXT NOT NULL, actor TEXT NOT NULL, address TEXT, key_id TEXT,
            requested_at REAL NOT NULL, PRIMARY KEY (user_id, part)) WITHOUT ROWID"""
    )


def create_clock_table(db: sqlite3.Connection) -> None:
    """Create the table of retention's last check of the clock, which has one row."""
    db.execute(
        """CREATE TABLE retention_clock (
            number INTEGER PRIMARY KEY CHECK (number = 1), trusted_at REAL NOT NULL, doubt_seconds REAL)"""
    )
