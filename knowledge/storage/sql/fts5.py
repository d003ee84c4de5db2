"""The lexical indexes in FTS5: one of shared documents, one of all owned documents.

Nothing in the index of shared documents, not even a word's frequency, reveals what users own.
"""

from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import OSA

from knowledge.index.alternatives import acronyms_in
from knowledge.index.lexical import COLUMN_WEIGHTS, IndexedWords, WantedWords
from knowledge.index.vocabulary import NOTHING, Phrase, Vocabulary
from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentPlace
from knowledge.text import words

_WEIGHTS = ", ".join(map(str, (0.0, *COLUMN_WEIGHTS.values())))

# Chunks that are read to see how documents write a word.
_CHUNKS_READ = 20


class Fts5Reader:
    """The `LexicalReader` of one snapshot."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def frequency(self, stem: str) -> int:
        row = self._db.execute("SELECT doc FROM chunk_vocabulary WHERE term = ?", (stem,)).fetchone()
        return row["doc"] if row else 0

    def written_word(self, stem: str, misspelt: str) -> str | None:
        """Return the word of a stem that a misspelt one is nearest to, as a few shared documents write it."""
        rows = self._db.execute(
            f"""SELECT c.text, c.section, d.title FROM (SELECT rowid AS id FROM {words_table(owned=False)}
                WHERE {words_table(owned=False)} MATCH ? LIMIT {_CHUNKS_READ}) f
                JOIN chunks c ON c.id = f.id JOIN documents d ON d.id = c.document_id""",
            (f"{{title section text}} : {_quoted(stem)}",),
        )
        written = Counter(word for row in rows for word in words.words(" ".join(row)) if words.stem(word) == stem)
        return min(written, key=lambda word: (OSA.distance(word, misspelt), -written[word], word), default=None)

    def find_chunks(
        self, place: DocumentPlace, wanted: WantedWords, *, scored: int, limit: int
    ) -> list[tuple[int, float]]:
        table = words_table(owned=bool(place.owner))
        joined = (" AND " if wanted.together else " OR ").join(map(_quoted, wanted.stems))
        rows = self._db.execute(
            f"SELECT id, score FROM (SELECT rowid AS id, -bm25({table}, {_WEIGHTS}) AS score FROM {table}"
            f" WHERE {table} MATCH ? ORDER BY rowid DESC LIMIT ?) ORDER BY score DESC, id DESC LIMIT ?",
            (f"folder : {place_word(place)} AND ({joined})", scored, limit),
        )
        return [(chunk_id, score) for chunk_id, score in rows]

    def indexed_words(self, ids: Sequence[int], *, owned: bool) -> list[IndexedWords]:
        if not ids:
            return []
        marks = ",".join("?" * len(ids))
        rows = self._db.execute(
            f"SELECT rowid, title, section, text FROM {words_table(owned=owned)} WHERE rowid IN ({marks})", tuple(ids)
        )
        return [IndexedWords(*row) for row in rows]


def words_table(*, owned: bool) -> str:
    """Return the name of the lexical index of owned or of shared documents."""
    return "own_words" if owned else "chunk_words"


def add_words(db: Connection, place: DocumentPlace, chunk_id: int, parts: Sequence[str]) -> None:
    """Index a chunk by the words of its title, section and text, stemmed as those of questions are."""
    table = words_table(owned=bool(place.owner))
    db.execute(
        f"INSERT INTO {table} (rowid, folder, title, section, text) VALUES (?, ?, ?, ?, ?)",
        (chunk_id, place_word(place), *(" ".join(words.stems(part)) for part in parts)),
    )


def remove_words(db: Connection, owner: str, chunk_id: int) -> None:
    """Remove a chunk from the index of its owner's documents."""
    db.execute(f"DELETE FROM {words_table(owned=bool(owner))} WHERE rowid = ?", (chunk_id,))


def rebuild_words(db: Connection) -> None:
    """Rebuild the lexical indexes from the chunks."""
    for owned in (False, True):
        db.execute(f"DELETE FROM {words_table(owned=owned)}")
    for row in db.execute(
        """SELECT c.id, c.section, c.text, d.title, d.folder, d.owner
           FROM chunks c JOIN documents d ON d.id = c.document_id"""
    ):
        place = DocumentPlace(row["folder"], row["owner"])
        add_words(db, place, row["id"], (row["title"], row["section"], row["text"]))


def shared_vocabulary(db: Connection) -> Vocabulary:
    """Return the vocabulary of the shared documents."""
    rows = db.execute("SELECT term, doc, cnt FROM chunk_vocabulary").fetchall()
    chunks = db.execute("SELECT count(*) FROM chunk_words_docsize").fetchone()[0]
    if not chunks:
        return NOTHING
    frequencies = {term: doc for term, doc, _ in rows}
    return Vocabulary(frequencies, sum(row["cnt"] for row in rows) / chunks, _acronyms(db, ""))


def own_vocabulary(db: Connection, owner: str) -> Vocabulary:
    """Return the vocabulary of a user's own documents."""
    rows = db.execute(
        """SELECT w.title, w.section, w.text FROM documents d JOIN chunks c ON c.document_id = d.id
           JOIN own_words w ON w.rowid = c.id WHERE d.owner = ?""",
        (owner,),
    )
    frequencies = Counter(stem for row in rows for stem in set(" ".join(row).split()))
    return Vocabulary(frequencies, acronyms=_acronyms(db, owner))


def _acronyms(db: Connection, owner: str) -> dict[str, frozenset[Phrase]]:
    """Return the acronyms that an owner's documents explain."""
    rows = db.execute(
        """SELECT c.text FROM documents d JOIN chunks c ON c.document_id = d.id WHERE d.owner = ?
           AND (c.text GLOB '*([A-Z0-9][A-Z0-9]*' OR c.text GLOB '*[A-Z0-9][A-Z0-9] (*')""",
        (owner,),
    )
    found: dict[str, set[Phrase]] = {}
    for row in rows:
        for acronym, phrase in acronyms_in(row["text"]):
            found.setdefault(acronym, set()).add(phrase)
    return {acronym: frozenset(phrases) for acronym, phrases in found.items()}


def place_word(place: DocumentPlace) -> str:
    """Encode the place as a word of the index that no word of a document can equal."""
    word = "folder" + place.folder.encode().hex()
    return f"{word}owner{place.owner.encode().hex()}" if place.owner else word


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
