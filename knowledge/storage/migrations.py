"""The schema of the document tables as an append-only list of migrations."""

from knowledge.storage.damage import RESTORE
from knowledge.storage.database import Connection
from knowledge.storage.sql.folder_states import create_folder_states

REMEDY = (
    f"{RESTORE}; or move it away and index the documents again (python index_documents.py), which leaves out what "
    "users have uploaded. Where only the index of words is damaged: python -m backend.maintenance rebuild"
)


def create_documents(db: Connection) -> None:
    """Create the tables of documents, chunks, their lexical index, and the changes pending for the vector index."""
    for statement in (
        """CREATE TABLE documents (
            id TEXT PRIMARY KEY, folder TEXT NOT NULL, source TEXT NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL,
            content_hash TEXT NOT NULL, version INTEGER NOT NULL, markdown TEXT NOT NULL, updated_at REAL NOT NULL)""",
        "CREATE INDEX documents_by_folder ON documents (folder, source, path)",
        """CREATE TABLE chunks (
            id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
            position INTEGER NOT NULL, section TEXT NOT NULL, text TEXT NOT NULL, embedding BLOB NOT NULL)""",
        "CREATE INDEX chunks_by_document ON chunks (document_id, position)",
        # Full stops and apostrophes are part of words: 2.5.1, o'brien.
        """CREATE VIRTUAL TABLE chunk_words USING fts5 (
            folder, title, section, text, tokenize = "unicode61 remove_diacritics 0 tokenchars '.'''")""",
        "CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab (chunk_words, 'row')",
        """CREATE TABLE vector_changes (
            id INTEGER PRIMARY KEY AUTOINCREMENT, folder TEXT NOT NULL, chunk_id INTEGER NOT NULL,
            removed INTEGER NOT NULL)""",
    ):
        db.execute(statement)


def create_facts(db: Connection) -> None:
    """Create the table of facts about the library as a whole."""
    db.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")


def add_owners(db: Connection) -> None:
    """Add owners to documents; existing documents are shared."""
    for statement in (
        "ALTER TABLE documents ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE vector_changes ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
        "CREATE UNIQUE INDEX documents_by_owner ON documents (owner, folder, source, path)",
        """CREATE VIRTUAL TABLE own_words USING fts5 (
            folder, title, section, text, tokenize = "unicode61 remove_diacritics 0 tokenchars '.'''")""",
    ):
        db.execute(statement)


def add_sizes(db: Connection) -> None:
    """Add the number of chunks to documents: counting all for every question takes too long in a large catalogue."""
    db.execute("ALTER TABLE documents ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0")
    db.execute("UPDATE documents SET chunks = (SELECT count(*) FROM chunks WHERE document_id = documents.id)")


def add_pages(db: Connection) -> None:
    """Add the page on which a chunk begins, for documents that have pages."""
    db.execute("ALTER TABLE chunks ADD COLUMN page INTEGER")


def add_page_starts(db: Connection) -> None:
    """Add the lines at which a document's pages begin, so that it can be chunked again."""
    db.execute("ALTER TABLE documents ADD COLUMN pages TEXT NOT NULL DEFAULT '[]'")


def add_cutting_times(db: Connection) -> None:
    """Add the time when a document was last chunked and embedded, and an index of sizes that avoids reading texts."""
    db.execute("ALTER TABLE documents ADD COLUMN cut_at REAL NOT NULL DEFAULT 0")
    db.execute("CREATE INDEX documents_by_size ON documents (owner, folder, chunks)")


def add_text_bytes(db: Connection) -> None:
    """Add an index of the texts' sizes in bytes, so that quotas do not read the texts."""
    db.execute(
        "ALTER TABLE documents ADD COLUMN bytes INTEGER GENERATED ALWAYS AS (length(CAST(markdown AS BLOB))) VIRTUAL"
    )
    db.execute("CREATE INDEX documents_by_bytes ON documents (owner, bytes)")


def add_unit_vectors(db: Connection) -> None:
    """Add the packed vectors of a chunk's sentences, items and rows; chunks stored before have none."""
    db.execute("ALTER TABLE chunks ADD COLUMN unit_vectors BLOB")


def add_next_vectors(db: Connection) -> None:
    """Add the vectors of the next embedding model, which are collected while those of the current one serve."""
    db.execute(
        """CREATE TABLE next_vectors (
             chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
             embedding BLOB NOT NULL, unit_vectors BLOB)"""
    )


MIGRATIONS = (
    create_documents,
    create_facts,
    add_owners,
    add_pages,
    add_sizes,
    add_page_starts,
    add_cutting_times,
    add_text_bytes,
    add_unit_vectors,
    create_folder_states,
    add_next_vectors,
)
