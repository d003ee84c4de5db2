"""The SQL of every change of a document, which also records the change for the vector index."""

import json
import time
from collections.abc import Sequence

import numpy as np

from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.storage.database import Connection
from knowledge.storage.document_store import NewDocument
from knowledge.storage.documents import DocumentInfo, DocumentKey, DocumentPlace
from knowledge.storage.quota import OwnedAmount, OwnerQuota, check_quota
from knowledge.storage.sql import erasure, folder_states, fts5
from knowledge.storage.sql.reembedding import check_model


def put_document(db: Connection, new: NewDocument, quota: OwnerQuota | None = None) -> None:
    """Replace a document by a new version as a whole, if the owner's quota permits."""
    key, text = new.key, new.text
    if quota is not None:
        check_room(db, key, quota, len(text.markdown.encode()))
    previous = db.execute("SELECT version FROM documents WHERE id = ?", (key.id,)).fetchone()
    version = previous["version"] + 1 if previous else 1
    remove_document(db, key.id, key.owner)
    now = time.time()
    db.execute(
        """INSERT INTO documents (id, folder, source, path, owner, title, content_hash, version, markdown, pages,
           chunks, updated_at, cut_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            *(key.id, key.folder, key.source, key.path, key.owner),
            *(text.title, new.content_hash, version, text.markdown, json.dumps(text.pages)),
            *(len(new.chunks), now, now),
        ),
    )
    _add_chunks(db, key.id, key.place, text.title, new.chunks, new.vectors)
    folder_states.record_change(db, key.place)


def replace_chunks(db: Connection, document: DocumentInfo, chunks: Sequence[Chunk], vectors: ChunkVectors) -> bool:
    """Replace the chunks of the same version of a document; return False if it was changed or removed meanwhile."""
    # The hash matters too: a document that was removed and stored again restarts at version 1.
    same = (len(chunks), time.time(), document.id, document.version, document.content_hash)
    update = "UPDATE documents SET chunks = ?, cut_at = ? WHERE id = ? AND version = ? AND content_hash = ?"
    if not db.execute(update, same).rowcount:
        return False
    place = DocumentPlace(document.folder, document.owner)
    _remove_chunks(db, document.id, place)
    _add_chunks(db, document.id, place, document.title, chunks, vectors)
    folder_states.record_change(db, place)
    return True


def move_document(db: Connection, document_id: str, key: DocumentKey, title: str) -> bool:
    """Change a document's path, keeping its version, chunks and vectors; return False if there is no such document."""
    if key.id == document_id or not db.execute("SELECT id FROM documents WHERE id = ?", (document_id,)).fetchone():
        return False
    remove_document(db, key.id, key.owner)
    db.execute(
        """INSERT INTO documents (id, folder, source, path, owner, title, content_hash, version, markdown, pages,
           chunks, updated_at, cut_at)
           SELECT ?, folder, source, ?, owner, ?, content_hash, version, markdown, pages, chunks, updated_at, cut_at
           FROM documents WHERE id = ?""",
        (key.id, key.path, title, document_id),
    )
    db.execute("UPDATE chunks SET document_id = ? WHERE document_id = ?", (key.id, document_id))
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
    for row in db.execute("SELECT id, section, text FROM chunks WHERE document_id = ?", (key.id,)).fetchall():
        fts5.remove_words(db, key.owner, row["id"])
        fts5.add_words(db, key.place, row["id"], (title, row["section"], row["text"]))
    folder_states.record_change(db, key.place)
    return True


def remove_document(db: Connection, document_id: str, owner: str) -> bool:
    """Remove a document of an owner; return False if they have none of that id."""
    of_owner = (document_id, owner)
    row = db.execute("SELECT folder FROM documents WHERE id = ? AND owner = ?", of_owner).fetchone()
    if row is None:
        return False
    place = DocumentPlace(row["folder"], owner)
    _remove_chunks(db, document_id, place)
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
    folder_states.record_change(db, place)
    return True


def remove_for_good(db: Connection, document_id: str, owner: str) -> bool:
    """Remove a document of an owner, and have its words erased from the lexical index."""
    is_removed = remove_document(db, document_id, owner)
    if is_removed:
        erasure.record_removal(db)
    return is_removed


def owned_amount(db: Connection, owner: str, without: str = "") -> OwnedAmount:
    """Return how much an owner has stored, apart from one document."""
    amount = "SELECT count(*), coalesce(sum(bytes), 0) FROM documents WHERE owner = ?"
    documents, text_bytes = db.execute(amount, (owner,)).fetchone()
    apart = db.execute("SELECT bytes FROM documents WHERE owner = ? AND id = ?", (owner, without)).fetchone()
    return OwnedAmount(documents - 1, text_bytes - apart["bytes"]) if apart else OwnedAmount(documents, text_bytes)


def check_room(db: Connection, key: DocumentKey, quota: OwnerQuota, text_bytes: int = 1) -> None:
    """Refuse a document for which its owner has no room; there is always room for shared documents."""
    if key.owner:
        check_quota(quota, owned_amount(db, key.owner, without=key.id), text_bytes)


def _add_chunks(
    db: Connection, document_id: str, place: DocumentPlace, title: str, chunks: Sequence[Chunk], vectors: ChunkVectors
) -> None:
    check_model(db, vectors)
    for chunk, vector, units in zip(chunks, vectors.passages, vectors.units, strict=True):
        ((chunk_id,),) = db.execute(
            """INSERT INTO chunks (document_id, position, section, text, page, embedding, unit_vectors)
               VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id""",
            (
                *(document_id, chunk.position, chunk.section, chunk.text, chunk.page),
                *(vector.astype(np.float32).tobytes(), units),
            ),
        ).fetchall()
        fts5.add_words(db, place, chunk_id, (title, chunk.section, chunk.text))
        _record_change(db, place, chunk_id, removed=False)


def _remove_chunks(db: Connection, document_id: str, place: DocumentPlace) -> None:
    for row in db.execute("SELECT id FROM chunks WHERE document_id = ?", (document_id,)).fetchall():
        fts5.remove_words(db, place.owner, row["id"])
        _record_change(db, place, row["id"], removed=True)
    db.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))


def _record_change(db: Connection, place: DocumentPlace, chunk_id: int, *, removed: bool) -> None:
    db.execute(
        "INSERT INTO vector_changes (folder, owner, chunk_id, removed) VALUES (?, ?, ?, ?)",
        (place.folder, place.owner, chunk_id, int(removed)),
    )
