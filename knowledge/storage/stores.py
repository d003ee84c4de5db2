"""All stores of a library, behind their protocols."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge.storage import migrations
from knowledge.storage.database import Database
from knowledge.storage.directory_lock import DirectoryLock
from knowledge.storage.document_store import DocumentStore
from knowledge.storage.facts import FactStore
from knowledge.storage.maintenance import CheckedStore, ErasureStore, ReembeddingStore
from knowledge.storage.passages import PassageStore
from knowledge.storage.sql.documents import SqlDocumentStore
from knowledge.storage.sql.erasure import SqlErasureStore
from knowledge.storage.sql.facts import SqlFactStore
from knowledge.storage.sql.maintenance import SqlCheckedStore
from knowledge.storage.sql.passages import SqlPassageStore
from knowledge.storage.sql.reembedding import SqlReembeddingStore
from knowledge.storage.sql.vector_changes import SqlVectorChangeStore
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.vector_changes import VectorChangeStore

DATABASE_FILE = "knowledge.db"


@dataclass(frozen=True)
class LibraryStores:
    """The stores of one database."""

    documents: DocumentStore
    passages: PassageStore
    vector_changes: VectorChangeStore
    facts: FactStore
    erasure: ErasureStore
    checked: CheckedStore
    reembedding: ReembeddingStore


def library_stores(database: Database) -> LibraryStores:
    """Return the stores that keep everything in one SQL database."""
    return LibraryStores(
        documents=SqlDocumentStore(database),
        passages=SqlPassageStore(database),
        vector_changes=SqlVectorChangeStore(database),
        facts=SqlFactStore(database),
        erasure=SqlErasureStore(database),
        checked=SqlCheckedStore(database),
        reembedding=SqlReembeddingStore(database),
    )


@asynccontextmanager
async def open_stores(data_dir: Path) -> AsyncIterator[LibraryStores]:
    """Lock a data directory, or raise `DataDirectoryInUse`, and open its stores without their indexes."""
    ownership = DirectoryLock(data_dir)
    try:
        database = SqliteDatabase(data_dir / DATABASE_FILE, migrations.MIGRATIONS, migrations.REMEDY)
        try:
            yield library_stores(database)
        finally:
            await database.close()
    finally:
        ownership.release()
