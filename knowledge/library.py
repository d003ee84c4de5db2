"""The library: the one place that holds the documents' parts together and keeps SQL and the vector index in step."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from knowledge import chunks, loaders, schema, store
from knowledge.database import Database
from knowledge.embeddings import BUNDLED, Embedder
from knowledge.errors import DocumentUnknown, DocumentUnreadable, EmbeddingModelChanged
from knowledge.owner import Ownership
from knowledge.schema import Place
from knowledge.store import DocumentInfo, DocumentKey
from knowledge.vectors import VectorIndex

T = TypeVar("T")

_CHANGES_AT_ONCE = 500
_OWNERS_REMEMBERED = 100


class Library:
    """Documents of one data directory, from `open` to `close`."""

    def __init__(self, ownership: Ownership, database: Database, index: VectorIndex, embedder: Embedder) -> None:
        self._ownership = ownership
        self._database = database
        self._catching_up = asyncio.Lock()
        self.index = index
        self.embedder = embedder
        self._sizes: dict[str, dict[str, int]] | None = None
        self._vocabulary: list[str] | None = None
        self._own_words: dict[str, Mapping[str, int]] = {}

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
        vectors = await self.embedder.embed_documents([_as_embedded(text.title, piece) for piece in pieces])
        content_hash = hash_of(data)
        await self._database.write(lambda db: store.put(db, key, text, content_hash, pieces, vectors))
        await self._catch_up()
        return next(info for info in await self.listing(key.folder, owner=key.owner) if info.id == key.id)

    async def put_texts(self, texts: Sequence[tuple[DocumentKey, loaders.Text]]) -> None:
        """Store many documents whose text is at hand already, in one go. Those without any passage are left out."""
        split = await asyncio.to_thread(lambda: [(key, text, chunks.split(text)) for key, text in texts])
        passages = [_as_embedded(text.title, piece) for _, text, pieces in split for piece in pieces]
        vectors = await self.embedder.embed_documents(passages)

        def put_all(db: sqlite3.Connection) -> None:
            place = 0
            for key, text, pieces in split:
                if pieces:
                    begun, place = place, place + len(pieces)
                    store.put(db, key, text, hash_of(text.markdown.encode()), pieces, vectors[begun:place])

        await self._database.write(put_all)
        await self._catch_up()

    async def remove(self, document_id: str, *, owner: str = "") -> None:
        """Forget one of everybody's documents, or of an owner's. To who is not its owner, a document is unknown."""
        if not await self._database.write(lambda db: store.remove(db, document_id, owner)):
            raise DocumentUnknown(f"there is no document {document_id}")
        await self._catch_up()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the store something."""
        return await self._database.read(work)

    async def sizes(self, owner: str = "") -> dict[str, int]:
        """Chunks by folder, of everybody's documents or of an owner's; counted again only after a change."""
        if self._sizes is None:
            self._sizes = _by_owner(await self.read(store.chunk_counts))
        return self._sizes.get(owner, {})

    async def vocabulary(self) -> list[str]:
        """Stems of all words of everybody's documents; read again only after a change."""
        if self._vocabulary is None:
            self._vocabulary = await self.read(store.vocabulary)
        return self._vocabulary

    async def own_words(self, owner: str) -> Mapping[str, int]:
        """Stems of all words of an owner's documents, and how many chunks hold each; read again only after a change."""
        if owner not in self._own_words:
            words = await self.read(lambda db: store.own_frequencies(db, owner))
            if len(self._own_words) >= _OWNERS_REMEMBERED:
                self._own_words.clear()
            self._own_words[owner] = words
        return self._own_words[owner]

    async def _open_index(self) -> None:
        if not await self.index.open():
            await self._database.write(store.note_everything)
        await self._catch_up()
        if await self.index.counts() != await self.read(store.chunk_counts):
            await self.index.reset()
            await self._database.write(store.note_everything)
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Tell the vector index what SQL already holds. One at a time, or an old change could overtake a new one."""
        async with self._catching_up:
            while True:
                changes = await self.read(lambda db: store.pending_changes(db, _CHANGES_AT_ONCE))
                if not changes.last:
                    break
                await self.index.apply(changes)
                await self._database.write(partial(store.acknowledge_changes, last=changes.last))
            self._sizes = self._vocabulary = None
            self._own_words.clear()


def hash_of(data: bytes) -> str:
    """What tells a changed document from an unchanged one."""
    return hashlib.sha256(data).hexdigest()


def _by_owner(counts: Mapping[Place, int]) -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {}
    for place, count in counts.items():
        sizes.setdefault(place.owner, {})[place.folder] = count
    return sizes


def _read(data: bytes, name: str) -> tuple[loaders.Text, list[chunks.Chunk]]:
    text = loaders.load(data, name)
    pieces = chunks.split(text)
    if not pieces:
        raise DocumentUnreadable("the file holds headings, but no text below them")
    return text, pieces


def _as_embedded(title: str, chunk: chunks.Chunk) -> str:
    """A passage is found by what its document and section are called as well as by what it says."""
    heading = f"{title} > {chunk.section}" if chunk.section else title
    return f"{heading}\n{chunk.text}".lstrip()
