"""The library: the facade over parsing, embedding and storing documents that keeps SQL and the vector index in step."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from knowledge.embedding.embedder import BUNDLED, Embedder
from knowledge.embedding.encoder import find_embedding_model
from knowledge.errors import DocumentUnknown, EmbeddingModelChanged, EmbeddingModelUnusable
from knowledge.index.chroma import ChromaIndex
from knowledge.index.erasure import WordEraser
from knowledge.index.reembedding import Reembedding, prepare_directory
from knowledge.index.synced_index import SyncedIndex
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
from knowledge.storage.sql.facts import SERVING_MODEL
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.stores import DATABASE_FILE, LibraryStores, library_stores
from knowledge.text.characters import storable
from knowledge.text.paths import check_path

T = TypeVar("T")

_INDEX_DIRECTORY = "chroma"


class Library:
    """The documents of one data directory, from `open` to `close`."""

    def __init__(self, ownership: DirectoryLock, database: Database, stores: LibraryStores, data_dir: Path) -> None:
        self._ownership = ownership
        self._database = database
        self._data_dir = data_dir
        self.stores = stores
        self._readers = ParserPool()
        self._latest = LatestVersion()
        self._sizes = Cached(stores.documents.chunk_sizes)
        self.vocabularies = VocabularyCache(stores.passages)
        # Grows with every change of the documents or of the embedding model.
        self.generation = 0
        self._words = WordEraser(stores.erasure)
        directory = data_dir / _INDEX_DIRECTORY
        self._synced = SyncedIndex(stores, ChromaIndex(directory), directory, self._note_change)
        self.embedder = Embedder(BUNDLED)
        self.reembedding: Reembedding | None = None

    @classmethod
    async def open(cls, data_dir: Path, *, embedding_model: str = BUNDLED) -> "Library":
        """Lock the directory, or raise `DataDirectoryInUse`; then bring the vector index level with SQL.

        If its vectors are of another model, that one serves until `reembedding` has run."""
        ownership = DirectoryLock(data_dir)
        try:
            database = SqliteDatabase(data_dir / DATABASE_FILE, migrations.MIGRATIONS, migrations.REMEDY)
        except BaseException:
            ownership.release()
            raise
        try:
            library = cls(ownership, database, library_stores(database), data_dir)
            await library._open_model(embedding_model)
            await library._synced.open()
            library._words.start()
        except BaseException:
            await database.close()
            ownership.release()
            raise
        return library

    async def _open_model(self, wanted: str) -> None:
        # Before it is recorded: a misspelt name is not the model of anything.
        find_embedding_model(wanted)
        serving = await self.stores.facts.first_fact(SERVING_MODEL, wanted)
        self.embedder = Embedder(serving)
        await prepare_directory(self.stores.reembedding, self._data_dir, self._data_dir / _INDEX_DIRECTORY, wanted)
        if wanted != serving:
            self.reembedding = Reembedding(self.stores.reembedding, self.embedder, self._synced, self._data_dir, wanted)

    @property
    def index(self) -> VectorIndex:
        """The vector index that searches use."""
        return self._synced.index

    async def warm_up(self) -> None:
        """Load the model that serves, then begin to embed the documents again if another one is wanted."""
        try:
            await self.embedder.warm_up()
        except EmbeddingModelUnusable as error:
            if self.reembedding is None:
                raise
            raise EmbeddingModelUnusable(
                f"the documents are indexed with a model that is gone ({error.message}); or embed them with the new "
                "one while no desk runs: python -m backend.maintenance reembed"
            ) from error
        if self.reembedding is not None:
            self.reembedding.start()

    async def close(self) -> None:
        """Close the parts in an order in which none uses another that is already closed."""
        if self.reembedding is not None:
            await self.reembedding.close()
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

        async def process_and_store() -> DocumentInfo:
            new = await self._latest.process(key, lambda version: self._read_and_embed(key, data, version))
            return await documents.put_document(new, quota, after_removals=removals)

        info = await _in_one_model(process_and_store)
        await self._synced.apply_changes()
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
        await self._synced.apply_changes()
        return moved

    async def read_again(self, document: DocumentInfo) -> None:
        """Chunk and embed a document's stored text again, as this release does; until then it answers as before."""
        text = await self.stores.documents.loaded_text(document.id)
        if text is None:
            raise DocumentUnknown(f"there is no document {document.id}")
        pieces = await asyncio.to_thread(chunking.split_document, text)

        async def embed_and_replace() -> bool:
            vectors = await embed_chunks([(text.title, piece) for piece in pieces], self.embedder, document.owner)
            return await self.stores.documents.replace_chunks(document, pieces, vectors)

        _check_known(await _in_one_model(embed_and_replace), document.id)
        await self._synced.apply_changes()

    async def put_texts(self, texts: Sequence[tuple[DocumentKey, LoadedText]]) -> None:
        """Store many documents whose text is already parsed, in one transaction; skip those without any passage."""
        split = await asyncio.to_thread(_split_all, texts)
        await _in_one_model(lambda: self._embed_and_put([document for document in split if document[2]]))
        await self._synced.apply_changes()

    async def _embed_and_put(self, split: Sequence[tuple[DocumentKey, LoadedText, list[Chunk]]]) -> None:
        titled = [(text.title, piece) for _, text, pieces in split for piece in pieces]
        vectors = await embed_chunks(titled, self.embedder)
        documents, place = [], 0
        for key, text, pieces in split:
            begun, place = place, place + len(pieces)
            content_hash = hash_of(text.markdown.encode())
            documents.append(NewDocument(key, text, content_hash, pieces, vectors.part(begun, place)))
        await self.stores.documents.put_documents(documents)

    async def remove(self, document_id: str, *, owner: str = "") -> None:
        """Remove a shared document or one of an owner's. For anybody but its owner, an owned document is unknown."""

        _check_known(await self.stores.documents.remove_document(document_id, owner), document_id)
        await self._synced.apply_changes()
        self._words.start()

    async def forget_owner(self, owner: str) -> int:
        """Remove all documents of an owner, including those being stored right now, and return how many there were."""
        documents = await self.stores.documents.begin_removal_of(owner)
        for document_id in documents:
            await self.stores.documents.remove_document(document_id, owner)
        self._words.start()
        await self._synced.apply_changes()
        await self._synced.compact()
        self.vocabularies.forget_owner(owner)
        return len(documents)

    async def sizes(self, owner: str = "") -> dict[str, int]:
        """Return the number of chunks by folder, of the shared documents or of an owner's."""
        return (await self._sizes.get()).get(owner, {})

    async def level(self) -> None:
        """Before a search, apply changes that the vector index could not store earlier because the disk was full."""
        await self._synced.level()

    async def catch_up(self) -> bool:
        """Apply pending changes to the vector index at once; return False if it cannot take them."""
        return await self._synced.catch_up()

    async def settled(self) -> None:
        """Wait until a change of the embedding model that searches have noticed is complete."""
        await self._synced.settled()

    async def rebuild(self) -> int:
        """Rebuild both indexes from SQL without embedding again, and return the number of chunks."""
        await self.stores.checked.rebuild_words()
        await self._synced.refill()
        return sum((await self.stores.documents.chunk_counts()).values())

    def _note_change(self) -> None:
        self.generation += 1
        self._sizes.forget()
        self.vocabularies.forget()


async def _in_one_model(work: Callable[[], Awaitable[T]]) -> T:
    """Do work that embeds and then stores, once more if the embedding model was changed in between."""
    try:
        return await work()
    except EmbeddingModelChanged:
        return await work()


def _split_all(
    texts: Sequence[tuple[DocumentKey, LoadedText]],
) -> list[tuple[DocumentKey, LoadedText, list[Chunk]]]:
    stored = [(key, replace(text, title=storable(text.title), markdown=storable(text.markdown))) for key, text in texts]
    return [(key, text, chunking.split_document(text)) for key, text in stored]


def _check_known(known: bool, document_id: str) -> None:
    if not known:
        raise DocumentUnknown(f"there is no document {document_id}")
