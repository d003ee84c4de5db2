"""The library: the one place that holds the documents' parts together and keeps SQL and the vector index in step."""

import asyncio
import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from knowledge import chunks, loaders, rewriting, schema, store
from knowledge.database import Database
from knowledge.embeddings import BUNDLED, Embedder
from knowledge.errors import (
    DocumentUnknown,
    DocumentUnreadable,
    EmbeddingModelChanged,
    IndexUnavailable,
    StorageFull,
)
from knowledge.loaders.text import title_from_name
from knowledge.owner import Ownership
from knowledge.store import Change, DocumentInfo, DocumentKey
from knowledge.tallies import Tallies
from knowledge.vectors import VectorIndex

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

# How long searches go on with an index that lacks changes before they try again to bring them in.
_RETRY_SECONDS = 2.0
# Searches wait for the index while it takes these in.
_CHANGES_AT_ONCE = 100


class Library:
    """Documents of one data directory, from `open` to `close`."""

    def __init__(self, ownership: Ownership, database: Database, index: VectorIndex, embedder: Embedder) -> None:
        self._ownership = ownership
        self._database = database
        self._catching_up = asyncio.Lock()
        self.index = index
        self.embedder = embedder
        self._retry_at = 0.0
        self._tallies = Tallies(database)

    @classmethod
    async def open(cls, data_dir: Path, *, embedding_model: str = BUNDLED) -> "Library":
        """Take the directory, or raise `DataDirectoryInUse`; then bring the vector index level with SQL."""
        ownership = Ownership(data_dir)
        try:
            database = Database(data_dir / "knowledge.db", schema.MIGRATIONS)
        except BaseException:
            ownership.release()
            raise
        try:
            model = await database.write(lambda db: store.fact(db, "embedding_model", embedding_model))
            if model != embedding_model:
                raise EmbeddingModelChanged(
                    f"{data_dir} was indexed with EMBEDDING_MODEL={model}; set it back, or index into a new DATA_DIR"
                )
            library = cls(ownership, database, VectorIndex(data_dir / "chroma"), Embedder(embedding_model))
            await library._open_index()
        except BaseException:
            await database.close()
            ownership.release()
            raise
        return library

    async def close(self) -> None:
        """Close the parts in the order that nothing uses what is already closed."""
        self.embedder.close()
        await self.index.close()
        await self._database.close()
        self._ownership.release()

    def announce(self, url: str) -> None:
        """Let those who find the directory taken know where its owner answers."""
        self._ownership.announce(url)

    async def listing(self, folder: str | None = None, *, owner: str = "") -> list[DocumentInfo]:
        """What a user may see, in all folders or one: everybody's documents, and their own."""
        return await self.read(lambda db: store.visible_documents(db, folder, owner))

    async def everything(self) -> list[DocumentInfo]:
        """All documents, also those that are a user's own: for who runs the desk, never for who asks it."""
        return await self.read(store.all_documents)

    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo:
        """Store a new document or a new version of one; the old version answers until the new one is whole."""
        text, pieces = await asyncio.to_thread(_read, data, key.path)
        vectors = await self.embedder.embed_documents([as_embedded(text.title, piece) for piece in pieces])
        content_hash = hash_of(data)

        def put(db: sqlite3.Connection) -> tuple[Change, DocumentInfo]:
            return store.put(db, key, text, content_hash, pieces, vectors), store.document(db, key.id)

        return await self._change(put)

    async def move(self, document: DocumentInfo, path: str, data: bytes = b"") -> DocumentInfo:
        """Call a document by another path of its source; nothing of it is read or embedded again."""
        key = DocumentKey(document.folder, document.source, path, document.owner)
        is_named_after_file = document.title == title_from_name(document.path)
        title = title_from_name(path) if is_named_after_file else document.title

        def move(db: sqlite3.Connection) -> tuple[Change, DocumentInfo]:
            return _known(rewriting.move(db, document.id, key, title), document.id), store.document(db, key.id)

        return await self._change(move)

    async def remove(self, document_id: str, *, owner: str = "") -> None:
        """Forget one of everybody's documents, or of an owner's. To who is not its owner, a document is unknown."""
        await self._change(lambda db: (_known(store.remove(db, document_id, owner), document_id), None))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the store something."""
        return await self._database.read(work)

    async def sizes(self, owner: str = "") -> dict[str, int]:
        """Chunks by folder, of everybody's documents or of an owner's."""
        return await self._tallies.sizes(owner)

    async def vocabulary(self) -> Sequence[str]:
        """Stems of all words of everybody's documents."""
        return await self._tallies.vocabulary()

    async def own_words(self, owner: str) -> Mapping[str, int]:
        """Stems of all words of an owner's documents, and how many of their chunks hold each."""
        return await self._tallies.own_words(owner)

    async def level(self) -> None:
        """Before a search: tell the vector index what it could not take earlier, because the disk was full."""
        if self._retry_at and time.monotonic() > self._retry_at and not self._catching_up.locked():
            with suppress(StorageFull, IndexUnavailable):
                await self._catch_up()

    async def rebuild(self) -> int:
        """Make both indexes anew from SQL, without embedding again; how many chunks that were."""
        await self._database.write(rewriting.rebuild_words)
        await self._refill()
        return sum((await self.read(store.chunk_counts)).values())

    async def _change(self, work: Callable[[sqlite3.Connection], tuple[Change, T]]) -> T:
        try:
            change, result = await self._database.write(work)
        except BaseException:
            # Who is cancelled does not learn whether it was written.
            self._tallies.forget()
            raise
        self._tallies.note(change)
        await self._catch_up()
        return result

    async def _open_index(self) -> None:
        opened = await self.index.open()
        if opened:
            await self._catch_up()
        stored = await self.read(store.chunk_counts)
        if opened and await self.index.counts() == stored:
            return
        if stored:
            _LOG.warning(
                "the vector index cannot be used as it is; it is made anew from %d stored vectors", sum(stored.values())
            )
        await self._refill()

    async def _refill(self) -> None:
        await self.index.reset()
        await self._database.write(store.note_everything)
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Tell the vector index what SQL already holds. One at a time, or an old change could overtake a new one."""
        async with self._catching_up:
            try:
                while True:
                    changes = await self.read(lambda db: store.pending_changes(db, _CHANGES_AT_ONCE))
                    if not changes.last:
                        break
                    if not await self.index.apply(changes):
                        # A change that had failed half-way has broken it.
                        await self.index.reset()
                        await self._database.write(store.note_everything)
                        continue
                    await self._database.write(partial(store.acknowledge_changes, last=changes.last))
            except BaseException:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                raise
            self._retry_at = 0.0


def _known(change: Change | None, document_id: str) -> Change:
    if change is None:
        raise DocumentUnknown(f"there is no document {document_id}")
    return change


def hash_of(data: bytes) -> str:
    """What tells a changed document from an unchanged one."""
    return hashlib.sha256(data).hexdigest()


def _read(data: bytes, name: str) -> tuple[loaders.Text, list[chunks.Chunk]]:
    text = loaders.load(data, name)
    pieces = chunks.split(text)
    if not pieces:
        raise DocumentUnreadable("the file holds headings, but no text below them")
    return text, pieces


def as_embedded(title: str, chunk: chunks.Chunk) -> str:
    """A passage is found by what its document and section are called as well as by what it says."""
    heading = f"{title} > {chunk.section}" if chunk.section else title
    return f"{heading}\n{chunk.text}"
