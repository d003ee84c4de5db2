"""The state of each folder of documents in SQL: a token that every change of a document in it replaces.

A folder in which an owner has no documents has no row. Tokens are random: one that is gone never comes back, and a row
tells nothing of what its owner had before.
"""

import uuid

from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentPlace, FolderState


def create_folder_states(db: Connection) -> None:
    """Create the table of folder states, with a row for each folder that has documents."""
    db.execute(
        """CREATE TABLE folder_states (
            folder TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL,
            PRIMARY KEY (folder, owner)) WITHOUT ROWID"""
    )
    for row in db.execute("SELECT DISTINCT folder, owner FROM documents").fetchall():
        record_change(db, DocumentPlace(row["folder"], row["owner"]))


def record_change(db: Connection, place: DocumentPlace) -> None:
    """Give a folder another state, after a change of its documents."""
    if db.execute(
        "SELECT 1 FROM documents WHERE owner = ? AND folder = ? LIMIT 1", (place.owner, place.folder)
    ).fetchone():
        db.execute(
            """INSERT INTO folder_states (folder, owner, state) VALUES (?, ?, ?)
               ON CONFLICT (folder, owner) DO UPDATE SET state = excluded.state""",
            (*place, uuid.uuid4().hex),
        )
    else:
        db.execute("DELETE FROM folder_states WHERE folder = ? AND owner = ?", place)


def read_state(db: Connection, folder: str, owner: str) -> FolderState:
    """Return the state of a folder as a user sees it, from one snapshot."""
    rows = db.execute("SELECT owner, state FROM folder_states WHERE folder = ? AND owner IN ('', ?)", (folder, owner))
    states = {row["owner"]: row["state"] for row in rows}
    is_level = db.execute("SELECT 1 FROM vector_changes LIMIT 1").fetchone() is None
    return FolderState(states.get("", ""), states.get(owner, "") if owner else "", is_level)
