"""The truth about documents, in SQL: their text, chunks and embeddings, and what the vector index has yet to be told.

A document changes in one transaction that also notes, in `vector_changes`, what the index must add and drop. Killed
between the two, the desk catches up when it next opens.

A document is everybody's, or one user's own. The words of own documents stand in a lexical index of their own, so that
nothing in it, not even how common a word is, tells others of them.
"""

import hashlib
import json
import re
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge import terms
from knowledge.chunks import Chunk
from knowledge.embeddings import Vectors
from knowledge.errors import OwnerInvalid
from knowledge.loaders import Text
from knowledge.schema import Place

_OWNER = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True)
class DocumentKey:
    """What makes a document the same one at the next ingestion: folder, the root it was read from, path below it.

    `owner` is the user whose alone it is, or "" where it is everybody's."""

    folder: str
    source: str
    path: str
    owner: str = ""

    def __post_init__(self) -> None:
        if self.owner and not _OWNER.fullmatch(self.owner):
            raise OwnerInvalid("an owner is named by 1 to 64 letters, digits and . _ @ -; or by nothing, for everybody")

    @property
    def id(self) -> str:
        joined = "\n".join((self.folder, self.source, self.path))
        if self.owner:
            # JSON holds no line break, so that no shared document can come to the id of an own one.
            joined = json.dumps([self.owner, self.folder, self.source, self.path])
        return hashlib.sha256(joined.encode()).hexdigest()[:16]

    @property
    def place(self) -> Place:
        return Place(self.folder, self.owner)


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
    owner: str = ""


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
class Change:
    """What a change means for those who keep count: how many chunks came and went where, and the stems of new ones."""

    place: Place
    added: int = 0
    removed: int = 0
    stems: frozenset[str] = frozenset()


@dataclass(frozen=True)
class VectorChanges:
    """What the vector index has yet to be told. `last` acknowledges them all."""

    last: int
    added: list[tuple[Place, int, bytes]]
    removed: list[tuple[Place, int]]


_INFO = """SELECT id, folder, source, path, title, content_hash, version, updated_at, owner,
    (SELECT count(*) FROM chunks WHERE document_id = documents.id) AS chunks FROM documents"""
_CHUNK = """SELECT c.id, c.document_id, d.folder, d.path, d.title, d.version, c.position, c.section, c.text
    FROM chunks c JOIN documents d ON d.id = c.document_id"""
# The one rule of who sees what.
_VISIBLE = "owner IN ('', ?)"


def put(
    db: sqlite3.Connection, key: DocumentKey, text: Text, content_hash: str, chunks: Sequence[Chunk], vectors: Vectors
) -> Change:
    """Replace a document by a new version, whole."""
    previous = db.execute("SELECT version FROM documents WHERE id = ?", (key.id,)).fetchone()
    version = previous["version"] + 1 if previous else 1
    removed = remove(db, key.id, key.owner)
    told = (text.title, content_hash, version, text.markdown, time.time())
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key.id, key.folder, key.source, key.path, *told, key.owner),
    )
    stems: set[str] = set()
    for chunk, vector in zip(chunks, vectors, strict=True):
        chunk_id = db.execute(
            "INSERT INTO chunks (document_id, position, section, text, embedding) VALUES (?, ?, ?, ?, ?)",
            (key.id, chunk.position, chunk.section, chunk.text, vector.astype(np.float32).tobytes()),
        ).lastrowid
        stems |= index_words(db, key.place, chunk_id, (text.title, chunk.section, chunk.text))
        _note_change(db, key.place, chunk_id, removed=False)
    return Change(key.place, len(chunks), removed.removed if removed else 0, frozenset(stems))


def remove(db: sqlite3.Connection, document_id: str, owner: str) -> Change | None:
    """Forget a document of an owner; None if they have none of that id."""
    of_owner = (document_id, owner)
    row = db.execute("SELECT folder FROM documents WHERE id = ? AND owner = ?", of_owner).fetchone()
    if row is None:
        return None
    place = Place(row["folder"], owner)
    chunk_ids = [row["id"] for row in db.execute("SELECT id FROM chunks WHERE document_id = ?", (document_id,))]
    for chunk_id in chunk_ids:
        db.execute(f"DELETE FROM {words_table(owner)} WHERE rowid = ?", (chunk_id,))
        _note_change(db, place, chunk_id, removed=True)
    db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
    return Change(place, removed=len(chunk_ids))


def document(db: sqlite3.Connection, document_id: str) -> DocumentInfo:
    """One that is there, whoever owns it."""
    return DocumentInfo(**dict(db.execute(f"{_INFO} WHERE id = ?", (document_id,)).fetchone()))


def visible_documents(db: sqlite3.Connection, folder: str | None, owner: str) -> list[DocumentInfo]:
    """What a user may see of a folder, or of all: everybody's documents, behind them their own; in a fixed order."""
    where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
    rows = db.execute(f"{_INFO} WHERE {_VISIBLE} {where} ORDER BY folder, owner, path, source", (owner, *values))
    return [DocumentInfo(**dict(row)) for row in rows]


def all_documents(db: sqlite3.Connection) -> list[DocumentInfo]:
    """Everybody's documents and every user's own, in a fixed order."""
    return [DocumentInfo(**dict(row)) for row in db.execute(f"{_INFO} ORDER BY folder, owner, path, source")]


def whole_documents(db: sqlite3.Connection, folder: str, owner: str) -> list[WholeDocument]:
    """A folder's documents with their text, in the same order every time: prompts made of them share a prefix."""
    of_folder = f"SELECT id, markdown FROM documents WHERE {_VISIBLE} AND folder = ?"
    texts = dict(db.execute(of_folder, (owner, folder)).fetchall())
    return [WholeDocument(info, texts[info.id]) for info in visible_documents(db, folder, owner)]


def chunks_by_id(db: sqlite3.Connection, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
    """The chunks among `ids` that still exist and that a user may see."""
    marks = ",".join("?" * len(ids))
    rows = db.execute(f"{_CHUNK} WHERE {_VISIBLE} AND c.id IN ({marks})", (owner, *ids))
    return {row["id"]: StoredChunk(**dict(row)) for row in rows}


def embeddings_of_chunks(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """Stored vectors, so that nothing is ever embedded twice."""
    marks = ",".join("?" * len(ids))
    return dict(db.execute(f"SELECT id, embedding FROM chunks WHERE id IN ({marks})", tuple(ids)).fetchall())


def index_words(db: sqlite3.Connection, place: Place, chunk_id: int | None, parts: Sequence[str]) -> set[str]:
    """Have a chunk found by the words of its title, section and text: by their stems, so that both sides agree."""
    stems = [terms.stems(part) for part in parts]
    db.execute(
        f"INSERT INTO {words_table(place.owner)} (rowid, folder, title, section, text) VALUES (?, ?, ?, ?, ?)",
        (chunk_id, place_word(place), *(" ".join(of_part) for of_part in stems)),
    )
    return set().union(*stems)


def words_table(owner: str) -> str:
    """The lexical index that holds what is an owner's."""
    return "own_words" if owner else "chunk_words"


def place_word(place: Place) -> str:
    """The place as one word of the lexical index, that no document's own word can equal."""
    word = "folder" + place.folder.encode().hex()
    return f"{word}owner{place.owner.encode().hex()}" if place.owner else word


def pending_changes(db: sqlite3.Connection, limit: int) -> VectorChanges:
    """The oldest changes that the vector index has not seen. A chunk added and gone again meanwhile is only removed."""
    rows = db.execute("SELECT * FROM vector_changes ORDER BY id LIMIT ?", (limit,)).fetchall()
    vectors = embeddings_of_chunks(db, [row["chunk_id"] for row in rows])
    # A chunk that came and went between two looks is noted twice.
    changed = dict.fromkeys((Place(row["folder"], row["owner"]), row["chunk_id"]) for row in rows)
    added = [(place, chunk_id, vectors[chunk_id]) for place, chunk_id in changed if chunk_id in vectors]
    removed = [(place, chunk_id) for place, chunk_id in changed if chunk_id not in vectors]
    return VectorChanges(rows[-1]["id"] if rows else 0, added, removed)


def acknowledge_changes(db: sqlite3.Connection, last: int) -> None:
    """The vector index holds every change up to `last`."""
    db.execute("DELETE FROM vector_changes WHERE id <= ?", (last,))


def note_everything(db: sqlite3.Connection) -> None:
    """Have the vector index told of every chunk anew, when it is rebuilt from nothing."""
    db.execute("DELETE FROM vector_changes")
    db.execute(
        """INSERT INTO vector_changes (folder, owner, chunk_id, removed)
           SELECT d.folder, d.owner, c.id, 0 FROM chunks c JOIN documents d ON d.id = c.document_id"""
    )


def chunk_counts(db: sqlite3.Connection) -> dict[Place, int]:
    """Chunks by place."""
    rows = db.execute(
        "SELECT d.folder, d.owner, count(*) FROM chunks c JOIN documents d ON d.id = c.document_id GROUP BY 1, 2"
    )
    return {Place(folder, owner): count for folder, owner, count in rows}


def frequency(db: sqlite3.Connection, stem: str) -> int:
    """How many of everybody's chunks hold a word, by its stem."""
    row = db.execute("SELECT doc FROM chunk_vocabulary WHERE term = ?", (stem,)).fetchone()
    return row["doc"] if row else 0


def vocabulary(db: sqlite3.Connection) -> list[str]:
    """The stems of all words of everybody's documents."""
    return [row["term"] for row in db.execute("SELECT term FROM chunk_vocabulary")]


def own_frequencies(db: sqlite3.Connection, owner: str) -> dict[str, int]:
    """The stems of all words of a user's own documents, each with how many of their chunks hold it."""
    rows = db.execute(
        """SELECT w.title, w.section, w.text FROM documents d JOIN chunks c ON c.document_id = d.id
           JOIN own_words w ON w.rowid = c.id WHERE d.owner = ?""",
        (owner,),
    )
    return dict(Counter(stem for row in rows for stem in set(" ".join(row).split())))


def fact(db: sqlite3.Connection, name: str, value: str) -> str:
    """What is recorded under a name; from the first call on, `value`."""
    db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
    return str(db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()["value"])


def _note_change(db: sqlite3.Connection, place: Place, chunk_id: int | None, *, removed: bool) -> None:
    db.execute(
        "INSERT INTO vector_changes (folder, owner, chunk_id, removed) VALUES (?, ?, ?, ?)",
        (place.folder, place.owner, chunk_id, removed),
    )


if __name__ == "__main__":
    # The command stands on top of the library, which stands on this module.
    from knowledge.upkeep import main

    sys.exit(main())
