"""The `place` column, the order of stored rows: clocks are set back, and a backup may renumber a table's rows."""

from knowledge.storage.database import Connection


def order_by_place(db: Connection) -> None:
    """Assign numbers to runs, messages and hand-overs in their order, and the steps within each run."""
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
