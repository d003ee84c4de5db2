"""The truth about documents, in SQL: their text, chunks and embeddings, and what the vector index has yet to be told.

A document changes in one transaction that also notes, in `vector_changes`, what the index must add and drop. Killed
between the two, the desk catches up when it next opens.
"""

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge import terms
from knowledge.chunks import Chunk
from knowledge.embeddings import Vectors
from knowledge.loaders import Text


@dataclass(frozen=True)
class DocumentKey:
    """What makes a document the same one at the next ingestion: folder, the root it was read from, path below it."""

    folder: str
    source: str
    path: str

    @property
    def id(self) -> str:
        joined = "\n".join((self.folder, self.source, self.path))
        return hashlib.sha256(joined.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DocumentInfo:
    """A stored document without its text."""

    id: str
    folder: str
    source: str
    path: str
    title: str
    content_hash: str
    version: int
    chunks: int
    updated_at: float


@dataclass(frozen=True)
class StoredChunk:
    """A chunk with what a citation needs to name it."""

    id: int
    document_id: str
    folder: str
    path: str
    title: str
    version: int
    position: int
    section: str
    text: str


@dataclass(frozen=True)
class WholeDocument:
    """A document with its full text, for prompts that carry whole documents."""

    info: DocumentInfo
    markdown: str


@dataclass(frozen=True)
class VectorChanges:
    """What the vector index has yet to be told. `last` acknowledges them all."""

    last: int
    added: list[tuple[str, int, bytes]]
    removed: list[tuple[str, int]]


def create_documents(db: sqlite3.Connection) -> None:
    """Documents, chunks, their lexical index, and the changes that the vector index has yet to see."""
    for statement in (
        """CREATE TABLE documents (
            id TEXT PRIMARY KEY, folder TEXT NOT NULL, source TEXT NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL,
            content_hash TEXT NOT NULL, version INTEGER NOT NULL, markdown TEXT NOT NULL, updated_at REAL NOT NULL)""",
        "CREATE INDEX documents_by_folder ON documents (folder, source, path)",
        """CREATE TABLE chunks (
            id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
            position INTEGER NOT NULL, section TEXT NOT NULL, text TEXT NOT NULL, embedding BLOB NOT NULL)""",
        "CREATE INDEX chunks_by_document ON chunks (document_id, position)",
        # Full stops and apostrophes stay in words: 2.5.1, o'brien.
        """CREATE VIRTUAL TABLE chunk_words USING fts5 (
            folder, title, section, text, tokenize = "unicode61 remove_diacritics 0 tokenchars '.'''")""",
        "CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab (chunk_words, 'row')",
        """CREATE TABLE vector_changes (
            id INTEGER PRIMARY KEY AUTOINCREMENT, folder TEXT NOT NULL, chunk_id INTEGER NOT NULL,
            removed INTEGER NOT NULL)""",
    ):
        db.execute(statement)


def create_facts(db: sqlite3.Connection) -> None:
    """What is true of the library as a whole."""
    db.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")


MIGRATIONS = (create_documents, create_facts)

_INFO = """SELECT id, folder, source, path, title, content_hash, version, updated_at,
    (SELECT count(*) FROM chunks WHERE document_id = documents.id) AS chunks FROM documents"""
_CHUNK = """SELECT c.id, c.document_id, d.folder, d.path, d.title, d.version, c.position, c.section, c.text
    FROM chunks c JOIN documents d ON d.id = c.document_id"""


def put(
    db: sqlite3.Connection, key: DocumentKey, text: Text, content_hash: str, chunks: Sequence[Chunk], vectors: Vectors
) -> None:
    """Replace a document by a new version, whole."""
    previous = db.execute("SELECT version FROM documents WHERE id = ?", (key.id,)).fetchone()
    version = previous["version"] + 1 if previous else 1
    remove(db, key.id)
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key.id, key.folder, key.source, key.path, text.title, content_hash, version, text.markdown, time.time()),
    )
    for chunk, vector in zip(chunks, vectors, strict=True):
        chunk_id = db.execute(
            "INSERT INTO chunks (document_id, position, section, text, embedding) VALUES (?, ?, ?, ?, ?)",
            (key.id, chunk.position, chunk.section, chunk.text, vector.astype(np.float32).tobytes()),
        ).lastrowid
        db.execute(
            "INSERT INTO chunk_words (rowid, folder, title, section, text) VALUES (?, ?, ?, ?, ?)",
            (chunk_id, folder_word(key.folder), *(_stemmed(part) for part in (text.title, chunk.section, chunk.text))),
        )
        _note_change(db, key.folder, chunk_id, removed=False)


def remove(db: sqlite3.Connection, document_id: str) -> bool:
    """Forget a document; False if there was none."""
    for row in db.execute(f"{_CHUNK} WHERE c.document_id = ?", (document_id,)).fetchall():
        db.execute("DELETE FROM chunk_words WHERE rowid = ?", (row["id"],))
        _note_change(db, row["folder"], row["id"], removed=True)
    return db.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount > 0


def list_documents(db: sqlite3.Connection, folder: str | None = None) -> list[DocumentInfo]:
    """All documents, or a folder's, in a fixed order."""
    where, values = ("WHERE folder = ?", (folder,)) if folder else ("", ())
    rows = db.execute(f"{_INFO} {where} ORDER BY folder, path, source", values)
    return [DocumentInfo(**dict(row)) for row in rows]


def whole_documents(db: sqlite3.Connection, folder: str) -> list[WholeDocument]:
    """A folder's documents with their text, in the same order every time: prompts made of them share a prefix."""
    texts = dict(db.execute("SELECT id, markdown FROM documents WHERE folder = ?", (folder,)).fetchall())
    return [WholeDocument(info, texts[info.id]) for info in list_documents(db, folder)]


def chunks_by_id(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, StoredChunk]:
    """The chunks that still exist among `ids`."""
    marks = ",".join("?" * len(ids))
    rows = db.execute(f"{_CHUNK} WHERE c.id IN ({marks})", tuple(ids))
    return {row["id"]: StoredChunk(**dict(row)) for row in rows}


def embeddings_of_chunks(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """Stored vectors, so that nothing is ever embedded twice."""
    marks = ",".join("?" * len(ids))
    return dict(db.execute(f"SELECT id, embedding FROM chunks WHERE id IN ({marks})", tuple(ids)).fetchall())


def _stemmed(text: str) -> str:
    """Stems as search knows them, so that both sides agree on what a word is."""
    return " ".join(terms.stems(text))


def folder_word(folder: str) -> str:
    """The folder as one word of the lexical index, that no document's own word can equal."""
    return "folder" + folder.encode().hex()


def pending_changes(db: sqlite3.Connection, limit: int) -> VectorChanges:
    """The oldest changes that the vector index has not seen. A chunk added and gone again meanwhile is only removed."""
    rows = db.execute("SELECT * FROM vector_changes ORDER BY id LIMIT ?", (limit,)).fetchall()
    vectors = embeddings_of_chunks(db, [row["chunk_id"] for row in rows])
    # A chunk that came and went between two looks is noted twice.
    places = list(dict.fromkeys((row["folder"], row["chunk_id"]) for row in rows))
    added = [(folder, chunk_id, vectors[chunk_id]) for folder, chunk_id in places if chunk_id in vectors]
    removed = [(folder, chunk_id) for folder, chunk_id in places if chunk_id not in vectors]
    return VectorChanges(rows[-1]["id"] if rows else 0, added, removed)


def acknowledge_changes(db: sqlite3.Connection, last: int) -> None:
    """The vector index holds every change up to `last`."""
    db.execute("DELETE FROM vector_changes WHERE id <= ?", (last,))


def note_everything(db: sqlite3.Connection) -> None:
    """Have the vector index told of every chunk anew, when it is rebuilt from nothing."""
    db.execute("DELETE FROM vector_changes")
    db.execute(
        """INSERT INTO vector_changes (folder, chunk_id, removed)
           SELECT d.folder, c.id, 0 FROM chunks c JOIN documents d ON d.id = c.document_id"""
    )


def chunk_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Chunks by folder."""
    rows = db.execute("SELECT d.folder, count(*) FROM chunks c JOIN documents d ON d.id = c.document_id GROUP BY 1")
    return dict(rows.fetchall())


def frequency(db: sqlite3.Connection, stem: str) -> int:
    """How many chunks hold a word, by its stem."""
    row = db.execute("SELECT doc FROM chunk_vocabulary WHERE term = ?", (stem,)).fetchone()
    return row["doc"] if row else 0


def vocabulary(db: sqlite3.Connection) -> list[str]:
    """The stems of all words of all documents."""
    return [row["term"] for row in db.execute("SELECT term FROM chunk_vocabulary")]


def fact(db: sqlite3.Connection, name: str, value: str) -> str:
    """What is recorded under a name; from the first call on, `value`."""
    db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
    return str(db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()["value"])


def _note_change(db: sqlite3.Connection, folder: str, chunk_id: int | None, *, removed: bool) -> None:
    db.execute("INSERT INTO vector_changes (folder, chunk_id, removed) VALUES (?, ?, ?)", (folder, chunk_id, removed))
