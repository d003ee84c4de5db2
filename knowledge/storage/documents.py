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
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.errors import OwnerInvalid
from knowledge.index.vocabulary import Vocabulary
from knowledge.loaders import Text
from knowledge.storage.migrations import Place
from knowledge.storage.sqlite import containing
from knowledge.text.headings import shortened, shortened_path

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
class Wanted:
    """Which documents are looked for: what a user may see, and of that what fits."""

    owner: str = ""
    folder: str | None = None
    search: str | None = None


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
    page: int | None = None


@dataclass(frozen=True)
class WholeDocument:
    """A document with its full text, for prompts that carry whole documents."""

    info: DocumentInfo
    markdown: str


@dataclass(frozen=True)
class VectorChanges:
    """What the vector index has yet to be told. `last` acknowledges them all."""

    last: int
    added: list[tuple[Place, int, bytes]]
    removed: list[tuple[Place, int]]


_INFO = """SELECT id, folder, source, path, title, content_hash, version, updated_at, owner, chunks FROM documents"""
_CHUNK = """SELECT c.id, c.document_id, d.folder, d.path, d.title, d.version, c.position, c.section, c.text, c.page
    FROM chunks c JOIN documents d ON d.id = c.document_id"""
# The one rule of who sees what.
_VISIBLE = "owner IN ('', ?)"


def document(db: sqlite3.Connection, document_id: str) -> DocumentInfo:
    """One that is there, whoever owns it."""
    return DocumentInfo(**dict(db.execute(f"{_INFO} WHERE id = ?", (document_id,)).fetchone()))


def visible_documents(db: sqlite3.Connection, folder: str | None, owner: str) -> list[DocumentInfo]:
    """What a user may see of a folder, or of all: everybody's documents, behind them their own; in a fixed order."""
    where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
    rows = db.execute(f"{_INFO} WHERE {_VISIBLE} {where} ORDER BY folder, owner, path, source", (owner, *values))
    return [DocumentInfo(**dict(row)) for row in rows]


def visible_page(
    db: sqlite3.Connection, wanted: Wanted, limit: int, offset: int, after: str | None
) -> list[DocumentInfo]:
    """Some of what fits, in a fixed order; with `after`, by id and from the one behind it on.

    An id stays what it is while other documents come and go: whoever reads on after the last one misses none of them.
    """
    if after is None:
        where, values = _fitting(wanted)
        order = "folder, owner, path, source"
    else:
        # The plus keeps SQLite from sorting all that fit for each page: it is to go along the ids.
        where, values = _fitting(wanted, plus="+")
        where, values, order = f"{where} AND id > ?", [*values, after], "id"
    # Found by an index first: whole rows are read past their texts, so only those of the page are.
    page = f"SELECT rowid FROM documents WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = db.execute(f"{_INFO} WHERE rowid IN ({page}) ORDER BY {order}", (*values, limit, offset))
    return [DocumentInfo(**dict(row)) for row in rows]


def visible_by_folder(db: sqlite3.Connection, wanted: Wanted) -> dict[str, int]:
    """How many documents fit, by folder."""
    where, values = _fitting(wanted)
    counted = f"SELECT folder, count(*) FROM documents WHERE {where} GROUP BY folder ORDER BY folder"
    return dict(db.execute(counted, values).fetchall())


def _fitting(wanted: Wanted, plus: str = "") -> tuple[str, list[str]]:
    conditions, values = [f"{plus}{_VISIBLE}"], [wanted.owner]
    if wanted.folder:
        conditions.append(f"{plus}folder = ?")
        values.append(wanted.folder)
    if wanted.search:
        conditions.append("(title LIKE ? ESCAPE '\\' OR path LIKE ? ESCAPE '\\')")
        values += [containing(wanted.search)] * 2
    return " AND ".join(conditions), values


def all_documents(db: sqlite3.Connection) -> list[DocumentInfo]:
    """Everybody's documents and every user's own, in a fixed order."""
    return [DocumentInfo(**dict(row)) for row in db.execute(f"{_INFO} ORDER BY folder, owner, path, source")]


def documents_cut_before(db: sqlite3.Connection, moment: float, folder: str | None) -> list[DocumentInfo]:
    """Everybody's and every user's own, of all folders or one, that were last cut before then."""
    where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
    rows = db.execute(f"{_INFO} WHERE cut_at < ? {where} ORDER BY folder, owner, path, source", (moment, *values))
    return [DocumentInfo(**dict(row)) for row in rows]


def whole_documents(db: sqlite3.Connection, folder: str, owner: str) -> list[WholeDocument]:
    """A folder's documents with their text, in the same order every time: prompts made of them share a prefix."""
    of_folder = f"SELECT id, markdown FROM documents WHERE {_VISIBLE} AND folder = ?"
    texts = dict(db.execute(of_folder, (owner, folder)).fetchall())
    return [WholeDocument(info, texts[info.id]) for info in visible_documents(db, folder, owner)]


def whole_document(db: sqlite3.Connection, document_id: str, owner: str) -> WholeDocument | None:
    """One document with its text, if a user may see it."""
    row = db.execute(f"SELECT markdown FROM documents WHERE id = ? AND {_VISIBLE}", (document_id, owner)).fetchone()
    if row is None:
        return None
    info = db.execute(f"{_INFO} WHERE id = ?", (document_id,)).fetchone()
    return WholeDocument(DocumentInfo(**dict(info)), row["markdown"])


def text_of(db: sqlite3.Connection, document_id: str) -> Text | None:
    """What was read of a document's file."""
    row = db.execute("SELECT title, markdown, pages FROM documents WHERE id = ?", (document_id,)).fetchone()
    return Text(row["title"], row["markdown"], tuple(json.loads(row["pages"]))) if row else None


def chunks_by_id(db: sqlite3.Connection, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
    """The chunks among `ids` that still exist and that a user may see."""
    marks = ",".join("?" * len(ids))
    # The plus keeps SQLite from looking through everybody's documents for a few chunks.
    rows = db.execute(f"{_CHUNK} WHERE c.id IN ({marks}) AND +{_VISIBLE}", (*ids, owner))
    # What an earlier release stored may have headings of any length.
    cut = ({**dict(row), "title": shortened(row["title"]), "section": shortened_path(row["section"])} for row in rows)
    return {chunk["id"]: StoredChunk(**chunk) for chunk in cut}


def embeddings_of_chunks(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """Stored vectors, so that nothing is ever embedded twice."""
    marks = ",".join("?" * len(ids))
    return dict(db.execute(f"SELECT id, embedding FROM chunks WHERE id IN ({marks})", tuple(ids)).fetchall())


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


def vocabulary(db: sqlite3.Connection) -> Vocabulary:
    """The words of everybody's documents."""
    rows = db.execute("SELECT term, doc, cnt FROM chunk_vocabulary").fetchall()
    chunks = db.execute("SELECT count(*) FROM chunk_words_docsize").fetchone()[0]
    frequencies = {term: doc for term, doc, _ in rows}
    return Vocabulary(frequencies, sum(row["cnt"] for row in rows) / chunks) if chunks else Vocabulary(frequencies)


def own_vocabulary(db: sqlite3.Connection, owner: str) -> Vocabulary:
    """The words of a user's own documents."""
    rows = db.execute(
        """SELECT w.title, w.section, w.text FROM documents d JOIN chunks c ON c.document_id = d.id
           JOIN own_words w ON w.rowid = c.id WHERE d.owner = ?""",
        (owner,),
    )
    return Vocabulary(Counter(stem for row in rows for stem in set(" ".join(row).split())))


def sizes(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Chunks by owner and folder."""
    found: dict[str, dict[str, int]] = {}
    for owner, folder, chunks in db.execute("SELECT owner, folder, sum(chunks) FROM documents GROUP BY 1, 2"):
        found.setdefault(owner, {})[folder] = chunks
    return found


def fact(db: sqlite3.Connection, name: str, value: str) -> str:
    """What is recorded under a name; from the first call on, `value`."""
    db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
    return str(db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()["value"])
