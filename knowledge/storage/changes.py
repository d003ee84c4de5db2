"""Every change of documents in SQL, each one transaction that also records the change for the vector index."""

import json
import sqlite3
import time
from collections.abc import Sequence

import numpy as np

from knowledge.embedding.encoder import Vectors
from knowledge.ingestion.chunking import Chunk
from knowledge.loaders import LoadedText
from knowledge.storage.documents import DocumentInfo, DocumentKey, place_word, words_table
from knowledge.storage.migrations import DocumentPlace
from knowledge.storage.quota import OwnerQuota, check_quota
from knowledge.text import words


def put(
    db: sqlite3.Connection,
    key: DocumentKey,
    text: LoadedText,
    content_hash: str,
    chunks: Sequence[Chunk],
    vectors: Vectors,
    quota: OwnerQuota | None = None,
) -> None:
    """Replace a document by a new version as a whole, if the owner's quota permits."""
    if quota is not None:
        check_quota(db, key, quota, len(text.markdown.encode()))
    previous = db.execute("SELECT version FROM documents WHERE id = ?", (key.id,)).fetchone()
    version = previous["version"] + 1 if previous else 1
    remove(db, key.id, key.owner)
    now = time.time()
    told = (text.title, content_hash, version, text.markdown, now)
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key.id, key.folder, key.source, key.path, *told, key.owner, len(chunks), json.dumps(text.pages), now),
    )
    _add_chunks(db, key.id, key.place, text.title, chunks, vectors)


def put_chunks(db: sqlite3.Connection, document: DocumentInfo, chunks: Sequence[Chunk], vectors: Vectors) -> bool:
    """Replace the chunks of the same version of a document; return False if it was changed or removed meanwhile."""
    # The hash matters too: a document that was removed and stored again restarts at version 1.
    same = (len(chunks), time.time(), document.id, document.version, document.content_hash)
    update = "UPDATE documents SET chunks = ?, cut_at = ? WHERE id = ? AND version = ? AND content_hash = ?"
    if not db.execute(update, same).rowcount:
        return False
    place = DocumentPlace(document.folder, document.owner)
    _remove_chunks(db, document.id, place)
    _add_chunks(db, document.id, place, document.title, chunks, vectors)
    return True


def _add_chunks(
    db: sqlite3.Connection,
    document_id: str,
    place: DocumentPlace,
    title: str,
    chunks: Sequence[Chunk],
    vectors: Vectors,
) -> None:
    for chunk, vector in zip(chunks, vectors, strict=True):
        chunk_id = db.execute(
            "INSERT INTO chunks (document_id, position, section, text, page, embedding) VALUES (?, ?, ?, ?, ?, ?)",
            (document_id, chunk.position, chunk.section, chunk.text, chunk.page, vector.astype(np.float32).tobytes()),
        ).lastrowid
        index_words(db, place, chunk_id, (title, chunk.section, chunk.text))
        _note_change(db, place, chunk_id, removed=False)


def _remove_chunks(db: sqlite3.Connection, document_id: str, place: DocumentPlace) -> None:
    for row in db.execute("SELECT id FROM chunks WHERE document_id = ?", (document_id,)).fetchall():
        db.execute(f"DELETE FROM {words_table(place.owner)} WHERE rowid = ?", (row["id"],))
        _note_change(db, place, row["id"], removed=True)
    db.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))


def remove(db: sqlite3.Connection, document_id: str, owner: str) -> bool:
    """Remove a document of an owner; return False if they have none of that id."""
    of_owner = (document_id, owner)
    row = db.execute("SELECT folder FROM documents WHERE id = ? AND owner = ?", of_owner).fetchone()
    if row is None:
        return False
    _remove_chunks(db, document_id, DocumentPlace(row["folder"], owner))
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
    return True


def owned_by(db: sqlite3.Connection, owner: str) -> list[str]:
    """Return the ids of an owner's documents, as of the moment when the writer runs this."""
    return [row["id"] for row in db.execute("SELECT id FROM documents WHERE owner = ? ORDER BY id", (owner,))]


def index_words(db: sqlite3.Connection, place: DocumentPlace, chunk_id: int | None, parts: Sequence[str]) -> None:
    """Index a chunk by the words of its title, section and text, stemmed as those of questions are."""
    db.execute(
        f"INSERT INTO {words_table(place.owner)} (rowid, folder, title, section, text) VALUES (?, ?, ?, ?, ?)",
        (chunk_id, place_word(place), *(" ".join(words.stems(part)) for part in parts)),
    )


def move(db: sqlite3.Connection, document_id: str, key: DocumentKey, title: str) -> bool:
    """Change a document's path, keeping its version, chunks and vectors; return False if there is no such document."""
    remove(db, key.id, key.owner)
    # Until the end of the transaction, chunks may refer to the document's old id.
    db.execute("PRAGMA defer_foreign_keys = 1")
    named = (key.id, key.path, title, document_id)
    if not db.execute("UPDATE documents SET id = ?, path = ?, title = ? WHERE id = ?", named).rowcount:
        return False
    db.execute("UPDATE chunks SET document_id = ? WHERE document_id = ?", (key.id, document_id))
    for row in db.execute("SELECT id, section, text FROM chunks WHERE document_id = ?", (key.id,)).fetchall():
        db.execute(f"DELETE FROM {words_table(key.owner)} WHERE rowid = ?", (row["id"],))
        index_words(db, key.place, row["id"], (title, row["section"], row["text"]))
    return True


def rebuild_words(db: sqlite3.Connection) -> None:
    """Rebuild the lexical indexes from the chunks."""
    for table in ("chunk_words", "own_words"):
        db.execute(f"DELETE FROM {table}")
    for row in db.execute(
        """SELECT c.id, c.section, c.text, d.title, d.folder, d.owner
           FROM chunks c JOIN documents d ON d.id = c.document_id"""
    ):
        place = DocumentPlace(row["folder"], row["owner"])
        index_words(db, place, row["id"], (row["title"], row["section"], row["text"]))


def note_everything(db: sqlite3.Connection) -> None:
    """Record every chunk as added, to fill an empty vector index."""
    db.execute("DELETE FROM vector_changes")
    db.execute(
        """INSERT INTO vector_changes (folder, owner, chunk_id, removed)
           SELECT d.folder, d.owner, c.id, 0 FROM chunks c JOIN documents d ON d.id = c.document_id"""
    )


def _note_change(db: sqlite3.Connection, place: DocumentPlace, chunk_id: int | None, *, removed: bool) -> None:
    db.execute(
        "INSERT INTO vector_changes (folder, owner, chunk_id, removed) VALUES (?, ?, ?, ?)",
        (place.folder, place.owner, chunk_id, removed),
    )
