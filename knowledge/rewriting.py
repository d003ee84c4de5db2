"""What changes in stored documents without embedding anything: what one is called, and how all are found by words."""

import sqlite3

from knowledge import store
from knowledge.schema import Place
from knowledge.store import Change, DocumentKey


def move(db: sqlite3.Connection, document_id: str, key: DocumentKey, title: str) -> Change | None:
    """Call a document by another path; its version, its chunks and their vectors stay. None if there is none."""
    replaced = store.remove(db, key.id, key.owner)
    # Until the end of the transaction, chunks may be of a document that is called otherwise.
    db.execute("PRAGMA defer_foreign_keys = 1")
    named = (key.id, key.path, title, document_id)
    if not db.execute("UPDATE documents SET id = ?, path = ?, title = ? WHERE id = ?", named).rowcount:
        return None
    db.execute("UPDATE chunks SET document_id = ? WHERE document_id = ?", (key.id, document_id))
    stems: set[str] = set()
    for row in db.execute("SELECT id, section, text FROM chunks WHERE document_id = ?", (key.id,)).fetchall():
        db.execute(f"DELETE FROM {store.words_table(key.owner)} WHERE rowid = ?", (row["id"],))
        stems |= store.index_words(db, key.place, row["id"], (title, row["section"], row["text"]))
    return Change(key.place, removed=replaced.removed if replaced else 0, stems=frozenset(stems))


def rebuild_words(db: sqlite3.Connection) -> None:
    """Make the lexical indexes anew from the chunks."""
    for table in ("chunk_words", "own_words"):
        db.execute(f"DELETE FROM {table}")
    for row in db.execute(
        """SELECT c.id, c.section, c.text, d.title, d.folder, d.owner
           FROM chunks c JOIN documents d ON d.id = c.document_id"""
    ):
        place = Place(row["folder"], row["owner"])
        store.index_words(db, place, row["id"], (row["title"], row["section"], row["text"]))
