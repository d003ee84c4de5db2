"""The source of truth on documents, in SQL: text, chunks, embeddings, and the changes pending for the vector index.

A document changes in one transaction that also records, in `vector_changes`, what the index must add and drop. If the
server is killed between the two, it catches up when it next opens.

A document is shared, or owned by one user. The words of owned documents stand in a separate lexical index, so that
nothing in it, not even a word's frequency, reveals them to others.
"""

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.errors import OwnerInvalid
from knowledge.index.vocabulary import Vocabulary
from knowledge.loaders import LoadedText
from knowledge.storage.database import containing
from knowledge.storage.migrations import DocumentPlace
from knowledge.text.headings import shortened, shortened_path

_OWNER = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(frozen=True)
class DocumentKey:
    """The identity of a document across ingestions: folder, the root it was read from, and the path below it.

    `owner` is the user who owns it, or "" for a shared document."""

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
            # This JSON has no line break, so no shared document can have the id of an owned one.
            joined = json.dumps([self.owner, self.folder, self.source, self.path])
        return hashlib.sha256(joined.encode()).hexdigest()[:16]

    @property
    def place(self) -> DocumentPlace:
        return DocumentPlace(self.folder, self.owner)


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
class DocumentFilter:
    """A filter of documents: those that a user may see, in a folder, matching a search text."""

    owner: str = ""
    folder: str | None = None
    search: str | None = None


@dataclass(frozen=True)
class StoredChunk:
    """A chunk with the fields that a citation needs."""

    id: int
    document_id: str
    folder: str
    path: str
    title: str
    version: int
    position: int
    section: str
    text: str
    page: int | None = None


@dataclass(frozen=True)
class WholeDocument:
    """A document with its full text, for prompts that carry whole documents."""

    info: DocumentInfo
    markdown: str


@dataclass(frozen=True)
class VectorChanges:
    """The changes pending for the vector index; `last` is the id that acknowledges them all."""

    last: int
    added: list[tuple[DocumentPlace, int, bytes]]
    removed: list[tuple[DocumentPlace, int]]


_INFO = """SELECT id, folder, source, path, title, content_hash, version, updated_at, owner, chunks FROM documents"""
_CHUNK = """SELECT c.id, c.document_id, d.folder, d.path, d.title, d.version, c.position, c.section, c.text, c.page
    FROM chunks c JOIN documents d ON d.id = c.document_id"""
# The only rule of visibility.
_VISIBLE = "owner IN ('', ?)"


def document(db: sqlite3.Connection, document_id: str) -> DocumentInfo:
    """Return an existing document, whoever owns it."""
    return DocumentInfo(**dict(db.execute(f"{_INFO} WHERE id = ?", (document_id,)).fetchone()))


def visible_documents(db: sqlite3.Connection, folder: str | None, owner: str) -> list[DocumentInfo]:
    """Return a user's visible documents in a folder or in all, the shared before their own, in a fixed order."""
    where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
    rows = db.execute(f"{_INFO} WHERE {_VISIBLE} {where} ORDER BY folder, owner, path, source", (owner, *values))
    return [DocumentInfo(**dict(row)) for row in rows]


def visible_page(
    db: sqlite3.Connection, wanted: DocumentFilter, limit: int, offset: int, after: str | None
) -> list[DocumentInfo]:
    """Return a page of the matching documents in a fixed order; with `after`, by id and after that one.

    Ids are stable while other documents come and go: a client that continues after the last id misses no document.
    """
    if after is None:
        where, values = _fitting(wanted)
        order = "folder, owner, path, source"
    else:
        # The plus makes SQLite walk the ids in order instead of sorting all matches for each page.
        where, values = _fitting(wanted, plus="+")
        where, values, order = f"{where} AND id > ?", [*values, after], "id"
    # The inner query uses an index alone: reading a row means skipping its text, so only the page's rows are read.
    page = f"SELECT rowid FROM documents WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = db.execute(f"{_INFO} WHERE rowid IN ({page}) ORDER BY {order}", (*values, limit, offset))
    return [DocumentInfo(**dict(row)) for row in rows]


def visible_by_folder(db: sqlite3.Connection, wanted: DocumentFilter) -> dict[str, int]:
    """Count the matching documents by folder."""
    where, values = _fitting(wanted)
    counted = f"SELECT folder, count(*) FROM documents WHERE {where} GROUP BY folder ORDER BY folder"
    return dict(db.execute(counted, values).fetchall())


def _fitting(wanted: DocumentFilter, plus: str = "") -> tuple[str, list[str]]:
    conditions, values = [f"{plus}{_VISIBLE}"], [wanted.owner]
    if wanted.folder:
        conditions.append(f"{plus}folder = ?")
        values.append(wanted.folder)
    if wanted.search:
        conditions.append("(title LIKE ? ESCAPE '\\' OR path LIKE ? ESCAPE '\\')")
        values += [containing(wanted.search)] * 2
    return " AND ".join(conditions), values


def all_documents(db: sqlite3.Connection) -> list[DocumentInfo]:
    """Return the shared documents and every user's own, in a fixed order."""
    return [DocumentInfo(**dict(row)) for row in db.execute(f"{_INFO} ORDER BY folder, owner, path, source")]


def documents_cut_before(db: sqlite3.Connection, moment: float, folder: str | None) -> list[DocumentInfo]:
    """Return the documents of all owners, in all folders or in one, that were last chunked before a moment."""
    where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
    rows = db.execute(f"{_INFO} WHERE cut_at < ? {where} ORDER BY folder, owner, path, source", (moment, *values))
    return [DocumentInfo(**dict(row)) for row in rows]


def whole_documents(db: sqlite3.Connection, folder: str, owner: str) -> list[WholeDocument]:
    """Return a folder's documents with their text, in a fixed order so that prompts made of them share a prefix."""
    of_folder = f"SELECT id, markdown FROM documents WHERE {_VISIBLE} AND folder = ?"
    texts = dict(db.execute(of_folder, (owner, folder)).fetchall())
    return [WholeDocument(info, texts[info.id]) for info in visible_documents(db, folder, owner)]


def whole_document(db: sqlite3.Connection, document_id: str, owner: str) -> WholeDocument | None:
    """Return a document with its text, if a user may see it."""
    row = db.execute(f"SELECT markdown FROM documents WHERE id = ? AND {_VISIBLE}", (document_id, owner)).fetchone()
    if row is None:
        return None
    info = db.execute(f"{_INFO} WHERE id = ?", (document_id,)).fetchone()
    return WholeDocument(DocumentInfo(**dict(info)), row["markdown"])


def text_of(db: sqlite3.Connection, document_id: str) -> LoadedText | None:
    """Return the parsed text of a document's file."""
    row = db.execute("SELECT title, markdown, pages FROM documents WHERE id = ?", (document_id,)).fetchone()
    return LoadedText(row["title"], row["markdown"], tuple(json.loads(row["pages"]))) if row else None


def chunks_by_id(db: sqlite3.Connection, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
    """Return the chunks among `ids` that still exist and that a user may see."""
    marks = ",".join("?" * len(ids))
    # The plus keeps SQLite from scanning all shared documents for a few chunks.
    rows = db.execute(f"{_CHUNK} WHERE c.id IN ({marks}) AND +{_VISIBLE}", (*ids, owner))
    # Documents stored by an earlier release may have headings of any length.
    cut = ({**dict(row), "title": shortened(row["title"]), "section": shortened_path(row["section"])} for row in rows)
    return {chunk["id"]: StoredChunk(**chunk) for chunk in cut}


def embeddings_of_chunks(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """Return the stored vectors of chunks, so that nothing is embedded twice."""
    marks = ",".join("?" * len(ids))
    return dict(db.execute(f"SELECT id, embedding FROM chunks WHERE id IN ({marks})", tuple(ids)).fetchall())


def words_table(owner: str) -> str:
    """Return the name of the lexical index that holds an owner's documents."""
    return "own_words" if owner else "chunk_words"


def place_word(place: DocumentPlace) -> str:
    """Encode the place as a word of the lexical index that no word of a document can equal."""
    word = "folder" + place.folder.encode().hex()
    return f"{word}owner{place.owner.encode().hex()}" if place.owner else word


def pending_changes(db: sqlite3.Connection, limit: int) -> VectorChanges:
    """Return the oldest changes pending for the vector index; a chunk added and removed meanwhile is only removed."""
    rows = db.execute("SELECT * FROM vector_changes ORDER BY id LIMIT ?", (limit,)).fetchall()
    vectors = embeddings_of_chunks(db, [row["chunk_id"] for row in rows])
    # A chunk that was added and removed since is recorded twice.
    changed = dict.fromkeys((DocumentPlace(row["folder"], row["owner"]), row["chunk_id"]) for row in rows)
    added = [(place, chunk_id, vectors[chunk_id]) for place, chunk_id in changed if chunk_id in vectors]
    removed = [(place, chunk_id) for place, chunk_id in changed if chunk_id not in vectors]
    return VectorChanges(rows[-1]["id"] if rows else 0, added, removed)


def acknowledge_changes(db: sqlite3.Connection, last: int) -> None:
    """Delete the changes up to `last`, which the vector index now holds."""
    db.execute("DELETE FROM vector_changes WHERE id <= ?", (last,))


def chunk_counts(db: sqlite3.Connection) -> dict[DocumentPlace, int]:
    """Count the chunks by place."""
    rows = db.execute(
        "SELECT d.folder, d.owner, count(*) FROM chunks c JOIN documents d ON d.id = c.document_id GROUP BY 1, 2"
    )
    return {DocumentPlace(folder, owner): count for folder, owner, count in rows}


def frequency(db: sqlite3.Connection, stem: str) -> int:
    """Count the chunks of shared documents that hold a stem."""
    row = db.execute("SELECT doc FROM chunk_vocabulary WHERE term = ?", (stem,)).fetchone()
    return row["doc"] if row else 0


def vocabulary(db: sqlite3.Connection) -> Vocabulary:
    """Return the vocabulary of the shared documents."""
    rows = db.execute("SELECT term, doc, cnt FROM chunk_vocabulary").fetchall()
    chunks = db.execute("SELECT count(*) FROM chunk_words_docsize").fetchone()[0]
    frequencies = {term: doc for term, doc, _ in rows}
    return Vocabulary(frequencies, sum(row["cnt"] for row in rows) / chunks) if chunks else Vocabulary(frequencies)


def own_vocabulary(db: sqlite3.Connection, owner: str) -> Vocabulary:
    """Return the vocabulary of a user's own documents."""
    rows = db.execute(
        """SELECT w.title, w.section, w.text FROM documents d JOIN chunks c ON c.document_id = d.id
           JOIN own_words w ON w.rowid = c.id WHERE d.owner = ?""",
        (owner,),
    )
    return Vocabulary(Counter(stem for row in rows for stem in set(" ".join(row).split())))


def sizes(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Count the chunks by owner and folder."""
    found: dict[str, dict[str, int]] = {}
    for owner, folder, chunks in db.execute("SELECT owner, folder, sum(chunks) FROM documents GROUP BY 1, 2"):
        found.setdefault(owner, {})[folder] = chunks
    return found


def fact(db: sqlite3.Connection, name: str, value: str) -> str:
    """Return the value recorded under a name, which the first call sets."""
    db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
    return str(db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()["value"])
