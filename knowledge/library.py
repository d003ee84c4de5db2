"""The library: the facade over parsing, embedding and storing documents that keeps SQL and the vector index in step."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from knowledge.embedding.embedder import BUNDLED, Embedder
from knowledge.errors import DocumentUnknown, EmbeddingModelChanged, IndexUnavailable, StorageFull
from knowledge.index.chroma import ChromaIndex
from knowledge.index.erasure import WordEraser
from knowledge.index.vector_index import VectorIndex
from knowledge.index.vocabulary_cache import VocabularyCache
from knowledge.ingestion import chunking
from knowledge.ingestion.chunk_vectors import embed_chunks
from knowledge.ingestion.chunking import Chunk
from knowledge.ingestion.latest_version import DocumentVersion, LatestVersion
from knowledge.ingestion.parser_pool import ParserPool
from knowledge.loaders import LoadedText
from knowledge.loaders.text import title_from_name
from knowledge.storage import migrations
from knowledge.storage.cached import Cached
from knowledge.storage.database import Database
from knowledge.storage.directory_lock import DirectoryLock
from knowledge.storage.document_store import NewDocument
from knowledge.storage.documents import DocumentFilter, DocumentInfo, DocumentKey, WholeDocument, hash_of
from knowledge.storage.quota import OwnerQuota
from knowledge.storage.sql.facts import SqlFactStore
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.stores import LibraryStores, library_stores
from knowledge.text.characters import storable
from knowledge.text.paths import check_path

_LOG = logging.getLogger(__name__)

# How long searches use an index that lacks changes before they try again to apply them.
_RETRY_SECONDS = 2.0
# Searches wait for the index while it applies a batch of changes.
_CHANGES_AT_ONCE = 100


class Library:
    """The documents of one data directory, from `open` to `close`."""

    def __init__(self, ownership: DirectoryLock, database: Database, index: VectorIndex, embedder: Embedder) -> None:
        self._ownership = ownership
        self._database = database
        self.stores: LibraryStores = library_stores(database)
        self._readers = ParserPool()
        self._latest = LatestVersion()
        self._catching_up = asyncio.Lock()
        self.index = index
        self.embedder = embedder
        self._sizes = Cached(self.stores.documents.chunk_sizes)
        self.vocabularies = VocabularyCache(self.stores.passages)
        self._retry_at = 0.0
        # Grows with every change of the documents.
        self.generation = 0
        self._words = WordEraser(self.stores.erasure)

    @classmethod
    async def open(cls, data_dir: Path, *, embedding_model: str = BUNDLED) -> "Library":
        """Lock the directory, or raise `DataDirectoryInUse`; then bring the vector index level with SQL."""
        ownership = DirectoryLock(data_dir)
        try:
            database = SqliteDatabase(data_dir / "knowledge.db", migrations.MIGRATIONS, migrations.REMEDY)
        except BaseException:
            ownership.release()
            raise
        try:
            model = await SqlFactStore(database).first_fact("embedding_model", embedding_model)
            if model != embedding_model:
                raise EmbeddingModelChanged(
                    f"{data_dir} was indexed with EMBEDDING_MODEL={model}; set it back, or index into a new DATA_DIR"
                )
            library = cls(ownership, database, ChromaIndex(data_dir / "chroma"), Embedder(embedding_model))
            await library._open_index()
            library._words.start()
        except BaseException:
            await database.close()
            ownership.release()
            raise
        return library

    async def close(self) -> None:
        """Close the parts in an order in which none uses another that is already closed."""
        await self._readers.close()
        self.embedder.close()
        await self.index.close()
        await self.vocabularies.close()
        await self._words.close()
        await self._database.close()
        self._ownership.release()

    def announce(self, url: str) -> None:
        """Record the URL of the owner of the directory for other processes that find it locked."""
        self._ownership.announce(url)

    @property
    def damage(self) -> str | None:
        """The damage that was found in the documents' database file, if any."""
        return self._database.damage

    async def listing(self, folder: str | None = None, *, owner: str = "") -> list[DocumentInfo]:
        """Return the documents that a user may see, shared and their own, in all folders or in one."""
        return await self.stores.documents.visible_documents(folder, owner)

    async def page(
        self, wanted: DocumentFilter, limit: int, offset: int = 0, after: str | None = None
    ) -> list[DocumentInfo]:
        """Return one page of the documents that a user may see, as `DocumentStore.visible_page` does."""
        return await self.stores.documents.visible_page(wanted, limit, offset, after)

    async def by_folder(self, wanted: DocumentFilter) -> dict[str, int]:
        """Count the documents that match, by folder."""
        return await self.stores.documents.count_by_folder(wanted)

    async def everything(self) -> list[DocumentInfo]:
        """Return all documents, including those that users own: for operators, never for users."""
        return await self.stores.documents.all_documents()

    async def cut_before(self, moment: float, folder: str | None = None) -> list[DocumentInfo]:
        """Return all owners' documents that were neither stored nor chunked again since that moment."""
        return await self.stores.documents.documents_cut_before(moment, folder)

    async def whole(self, document_id: str, *, owner: str = "") -> WholeDocument:
        """Return a document with its text, or raise `DocumentUnknown` for a user who may not see it."""
        document = await self.stores.documents.whole_document(document_id, owner)
        if document is None:
            raise DocumentUnknown(f"there is no document {document_id}")
        return document

    async def put(self, key: DocumentKey, data: bytes, *, quota: OwnerQuota | None = None) -> DocumentInfo:
        """Store a new document or a new version of one; the old version answers until the new one is complete.

        `quota` limits what its owner may store."""
        check_path(key.path, key.source)
        documents = self.stores.documents
        if quota is not None:
            await documents.check_quota(key, quota)
        removals = documents.removals_of(key.owner)
        new = await self._latest.process(key, lambda version: self._read_and_embed(key, data, version))
        info = await documents.put_document(new, quota, after_removals=removals)
        await self._catch_up()
        return info

    async def _read_and_embed(self, key: DocumentKey, data: bytes, version: DocumentVersion) -> NewDocument:
        read = await self._readers.read(data, key.path)
        version.supersede_earlier()
        titled = [(read.text.title, piece) for piece in read.chunks]
        vectors = await embed_chunks(titled, self.embedder, key.owner)
        return NewDocument(key, read.text, hash_of(data), read.chunks, vectors)

    async def move(self, document: DocumentInfo, path: str, data: bytes = b"") -> DocumentInfo:
        """Give a document another path within its source, without parsing or embedding it again."""
        check_path(path)
        key = DocumentKey(document.folder, document.source, path, document.owner)
        is_named_after_file = document.title == title_from_name(document.path)
        title = title_from_name(path) if is_named_after_file else document.title

        moved = await self.stores.documents.move_document(document.id, key, title)
        if moved is None:
            raise DocumentUnknown(f"there is no document {document.id}")
        await self._catch_up()
        return moved

    async def read_again(self, document: DocumentInfo) -> None:
        """Chunk and embed a document's stored text again, as this release does; until then it answers as before."""
        text = await self.stores.documents.loaded_text(document.id)
        if text is None:
            raise DocumentUnknown(f"there is no document {document.id}")
        pieces = await asyncio.to_thread(chunking.split_document, text)
        vectors = await embed_chunks([(text.title, piece) for piece in pieces], self.embedder, document.owner)
        _check_known(await self.stores.documents.replace_chunks(document, pieces, vectors), document.id)
        await self._catch_up()

    async def put_texts(self, texts: Sequence[tuple[DocumentKey, LoadedText]]) -> None:
        """Store many documents whose text is already parsed, in one transaction; skip those without any passage."""
        split = await asyncio.to_thread(_split_all, texts)
        titled = [(text.title, piece) for _, text, pieces in split for piece in pieces]
        vectors = await embed_chunks(titled, self.embedder)

        documents, place = [], 0
        for key, text, pieces in split:
            if pieces:
                begun, place = place, place + len(pieces)
                content_hash = hash_of(text.markdown.encode())
                documents.append(NewDocument(key, text, content_hash, pieces, vectors.part(begun, place)))
        await self.stores.documents.put_documents(documents)
        await self._catch_up()

    async def remove(self, document_id: str, *, owner: str = "") -> None:
        """Remove a shared document or one of an owner's. For anybody but its owner, an owned document is unknown."""

        _check_known(await self.stores.documents.remove_document(document_id, owner), document_id)
        await self._catch_up()
        self._words.start()

    async def forget_owner(self, owner: str) -> int:
        """Remove all documents of an owner, including those being stored right now, and return how many there were."""
        documents = await self.stores.documents.begin_removal_of(owner)
        for document_id in documents:
            await self.stores.documents.remove_document(document_id, owner)
        self._words.start()
        await self._catch_up()
        await self._compact()
        self.vocabularies.forget_owner(owner)
        return len(documents)

    async def sizes(self, owner: str = "") -> dict[str, int]:
        """Return the number of chunks by folder, of the shared documents or of an owner's."""
        return (await self._sizes.get()).get(owner, {})

    async def level(self) -> None:
        """Before a search, apply changes that the vector index could not store earlier because the disk was full."""
        if self._retry_at and time.monotonic() > self._retry_at and not self._catching_up.locked():
            with suppress(StorageFull, IndexUnavailable):
                await self._catch_up()

    async def catch_up(self) -> bool:
        """Apply pending changes to the vector index at once; return False if it cannot take them."""
        if self._retry_at:
            return False
        with suppress(StorageFull, IndexUnavailable):
            await self._catch_up()
            return True
        return False

    async def rebuild(self) -> int:
        """Rebuild both indexes from SQL without embedding again, and return the number of chunks."""
        await self.stores.checked.rebuild_words()
        await self._refill()
        return sum((await self.stores.documents.chunk_counts()).values())

    async def _open_index(self) -> None:
        opened = await self.index.open()
        if opened:
            await self._catch_up()
        stored = await self.stores.documents.chunk_counts()
        if opened and await self.index.counts() == stored:
            return
        if stored:
            _LOG.warning(
                "the vector index cannot be used as it is; it is made anew from %d stored vectors", sum(stored.values())
            )
        await self._refill()

    async def _refill(self) -> None:
        await self._reset_index()
        await self._catch_up()

    async def _reset_index(self) -> None:
        # In this order a failure in between leaves changes to apply.
        await self.stores.vector_changes.record_all_chunks()
        await self.index.reset()

    async def _compact(self) -> None:
        """Free what the index holds of removed documents; rebuild it if that breaks it."""
        async with self._catching_up:
            if await self.index.compact():
                return
            self._retry_at = time.monotonic()
            await self._reset_index()
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Apply to the vector index what SQL already holds, one caller at a time so that changes keep their order."""
        async with self._catching_up:
            self.generation += 1
            self._sizes.forget()
            self.vocabularies.forget()
            try:
                while True:
                    changes = await self.stores.vector_changes.pending_changes(_CHANGES_AT_ONCE)
                    if not changes.ids:
                        break
                    if not await self.index.apply(changes):
                        # A change that failed half-way has broken the index.
                        await self._reset_index()
                        continue
                    await self.stores.vector_changes.acknowledge_changes(changes)
            except BaseException:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                raise
            self._retry_at = 0.0


def _split_all(
    texts: Sequence[tuple[DocumentKey, LoadedText]],
) -> list[tuple[DocumentKey, LoadedText, list[Chunk]]]:
    stored = [(key, replace(text, title=storable(text.title), markdown=storable(text.markdown))) for key, text in texts]
    return [(key, text, chunking.split_document(text)) for key, text in stored]


def _check_known(known: bool, document_id: str) -> None:
    if not known:
        raise DocumentUnknown(f"there is no document {document_id}")
