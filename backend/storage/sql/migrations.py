"""The schema of `desk.db`: an append-only list of migrations. Documents have a file of their own."""

from backend.storage.sql.activity import count_cached_answers, create_activity_table
from backend.storage.sql.agents import create_agents_table
from backend.storage.sql.audit import create_audit_table
from backend.storage.sql.cached_answers import create_cached_answers
from backend.storage.sql.deletion import create_removals_table
from backend.storage.sql.handoffs import end_with_resolution
from backend.storage.sql.keys import create_keys_tables
from backend.storage.sql.last_settings import create_settings_table
from backend.storage.sql.retention import create_clock_table, let_figures_outlive_runs
from backend.storage.sql.uploads import create_uploads_table
from knowledge.storage.database import Connection


def create_tables(db: Connection) -> None:
    """Create the tables of threads, runs, messages, steps and events."""
    for statement in (
        """CREATE TABLE threads (
            id TEXT PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
            created_at REAL NOT NULL, updated_at REAL NOT NULL)""",
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads (id), session_id TEXT NOT NULL,
            status TEXT NOT NULL, question TEXT NOT NULL, created_at REAL NOT NULL, ended_at REAL,
            finish_reason TEXT, error_code TEXT, prompt_tokens INTEGER, completion_tokens INTEGER,
            cached_tokens INTEGER, cost_usd REAL)""",
        "CREATE INDEX unfinished_runs ON runs (status) WHERE ended_at IS NULL",
        """CREATE TABLE messages (
            id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads (id),
            run_id TEXT NOT NULL REFERENCES runs (id), role TEXT NOT NULL, content TEXT NOT NULL,
            created_at REAL NOT NULL)""",
        "CREATE INDEX messages_by_thread ON messages (thread_id, created_at)",
        "CREATE INDEX messages_by_run ON messages (run_id)",
        """CREATE TABLE steps (
            run_id TEXT NOT NULL REFERENCES runs (id), step_id TEXT NOT NULL, parent_id TEXT, step_type TEXT NOT NULL,
            step_name TEXT NOT NULL, agent TEXT, status TEXT NOT NULL, started_at REAL NOT NULL, latency_ms REAL,
            output TEXT, usage TEXT, PRIMARY KEY (run_id, step_id)) WITHOUT ROWID""",
        """CREATE TABLE events (
            run_id TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, payload BLOB NOT NULL,
            PRIMARY KEY (run_id, seq)) WITHOUT ROWID""",
    ):
        db.execute(statement)


def add_models_to_steps(db: Connection) -> None:
    """Add the model of each step and its cost."""
    db.execute("ALTER TABLE steps ADD COLUMN model TEXT")
    db.execute("ALTER TABLE steps ADD COLUMN cost_usd REAL")


def give_threads_to_users(db: Connection) -> None:
    """Give conversations a user and an agent; a session's name is free again once its conversation is deleted."""
    for statement in (
        """CREATE TABLE owned_threads (
            id TEXT PRIMARY KEY, user_id TEXT NOT NULL, agent_id TEXT NOT NULL, session_id TEXT NOT NULL,
            title TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, deleted_at REAL)""",
        """INSERT INTO owned_threads
            SELECT id, 'local', 'supervisor', session_id, title, created_at, updated_at, NULL FROM threads""",
        "DROP TABLE threads",
        "ALTER TABLE owned_threads RENAME TO threads",
        """CREATE UNIQUE INDEX thread_of_session ON threads (user_id, agent_id, session_id)
            WHERE deleted_at IS NULL""",
        "CREATE INDEX threads_by_user ON threads (user_id, updated_at)",
        "ALTER TABLE runs ADD COLUMN user_id TEXT NOT NULL DEFAULT 'local'",
        "ALTER TABLE runs ADD COLUMN agent_id TEXT NOT NULL DEFAULT 'supervisor'",
        "ALTER TABLE runs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE runs ADD COLUMN request TEXT",
        "ALTER TABLE runs ADD COLUMN stopped TEXT",
        "CREATE INDEX runs_by_thread ON runs (thread_id, created_at)",
        "ALTER TABLE messages ADD COLUMN data TEXT",
    ):
        db.execute(statement)


def add_feedback_and_budgets(db: Connection) -> None:
    """Create the tables of ratings, hand-overs and each user's spending by day."""
    for statement in (
        """CREATE TABLE feedback (
            run_id TEXT PRIMARY KEY REFERENCES runs (id), rating TEXT NOT NULL, comment TEXT NOT NULL,
            created_at REAL NOT NULL)""",
        """CREATE TABLE handovers (
            id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (id), agent_id TEXT, cause TEXT NOT NULL,
            reason TEXT NOT NULL, summary TEXT NOT NULL, created_at REAL NOT NULL, resolved_at REAL,
            resolved_by TEXT, note TEXT)""",
        # A run that goes on after a restart may announce the same hand-over again.
        "CREATE UNIQUE INDEX handover_once ON handovers (run_id, cause, coalesce(agent_id, ''))",
        "CREATE INDEX open_handovers ON handovers (created_at) WHERE resolved_at IS NULL",
        """CREATE TABLE spending (
            user_id TEXT NOT NULL, day TEXT NOT NULL, tokens INTEGER NOT NULL, cost_usd REAL NOT NULL,
            PRIMARY KEY (user_id, day)) WITHOUT ROWID""",
    ):
        db.execute(statement)


def find_threads_by_session(db: Connection) -> None:
    """Index conversations by their sessions, whichever agent they are with, deleted or not."""
    db.execute("CREATE INDEX threads_by_session ON threads (user_id, session_id)")


def give_handovers_to_users(db: Connection) -> None:
    """Give hand-overs a user and a contact, so that users can ask for a person outside of any answer."""
    for statement in (
        """CREATE TABLE owned_handovers (
            id TEXT PRIMARY KEY, run_id TEXT REFERENCES runs (id), thread_id TEXT REFERENCES threads (id),
            user_id TEXT NOT NULL, agent_id TEXT, cause TEXT NOT NULL, reason TEXT NOT NULL, summary TEXT NOT NULL,
            created_at REAL NOT NULL, resolved_at REAL, resolved_by TEXT, note TEXT, contact TEXT, message TEXT)""",
        """INSERT INTO owned_handovers
            SELECT handovers.id, run_id, thread_id, user_id, handovers.agent_id, cause, reason, summary,
                   handovers.created_at, resolved_at, resolved_by, note, NULL, NULL
            FROM handovers JOIN runs ON runs.id = handovers.run_id ORDER BY handovers.rowid""",
        "DROP TABLE handovers",
        "ALTER TABLE owned_handovers RENAME TO handovers",
        "CREATE UNIQUE INDEX handover_once ON handovers (run_id, cause, coalesce(agent_id, ''))",
        "CREATE INDEX open_handovers ON handovers (created_at) WHERE resolved_at IS NULL",
        "CREATE INDEX handovers_by_thread ON handovers (thread_id)",
    ):
        db.execute(statement)


def let_runs_replace_others(db: Connection) -> None:
    """Add the run that a run replaces: this alone withdraws the other, and no two can do it."""
    db.execute("ALTER TABLE runs ADD COLUMN replaces TEXT")
    db.execute("CREATE UNIQUE INDEX replaced_once ON runs (thread_id, replaces) WHERE replaces IS NOT NULL")


def list_threads_of_a_session(db: Connection) -> None:
    """Add the last use to the index by session, so that the newest conversation is read off it too."""
    db.execute("DROP INDEX threads_by_session")
    db.execute("CREATE INDEX threads_by_session ON threads (user_id, session_id, updated_at)")


def order_by_place(db: Connection) -> None:
    """Assign numbers to runs, messages and hand-overs in their order, and the steps within each run.

    Their order is not left to clocks, which are set back, or to a table's rows, which a backup may renumber.
    """
    for table in ("runs", "messages", "handovers"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN place INTEGER")
        db.execute(f"UPDATE {table} SET place = rowid")
        db.execute(f"CREATE UNIQUE INDEX {table}_by_place ON {table} (place)")
    db.execute("ALTER TABLE steps ADD COLUMN place INTEGER")
    db.execute(
        """UPDATE steps SET place = ordered.place FROM (
               SELECT run_id, step_id, row_number() OVER (PARTITION BY run_id ORDER BY started_at) AS place FROM steps
           ) AS ordered WHERE ordered.run_id = steps.run_id AND ordered.step_id = steps.step_id"""
    )
    for statement in (
        "DROP INDEX runs_by_thread",
        "CREATE INDEX runs_by_thread ON runs (thread_id, place)",
        "DROP INDEX messages_by_thread",
        "CREATE INDEX messages_by_thread ON messages (thread_id, place)",
        "DROP INDEX open_handovers",
        "CREATE INDEX open_handovers ON handovers (place) WHERE resolved_at IS NULL",
    ):
        db.execute(statement)


MIGRATIONS = (
    create_tables,
    add_models_to_steps,
    give_threads_to_users,
    add_feedback_and_budgets,
    create_agents_table,
    find_threads_by_session,
    give_handovers_to_users,
    create_activity_table,
    let_runs_replace_others,
    list_threads_of_a_session,
    create_audit_table,
    create_keys_tables,
    create_settings_table,
    order_by_place,
    let_figures_outlive_runs,
    create_removals_table,
    end_with_resolution,
    create_clock_table,
    create_uploads_table,
    create_cached_answers,
    count_cached_answers,
)
