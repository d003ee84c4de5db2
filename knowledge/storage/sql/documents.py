"""The documents of a library in SQL."""

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial

from knowledge.errors import DocumentsForgotten
from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.loaders import LoadedText
from knowledge.storage.database import Connection, Database, containing
from knowledge.storage.document_store import NewDocument
from knowledge.storage.documents import DocumentFilter, DocumentInfo, DocumentKey, DocumentPlace, WholeDocument
from knowledge.storage.quota import OwnedAmount, OwnerQuota
from knowledge.storage.sql import changes

_INFO = """SELECT id, folder, source, path, title, content_hash, version, updated_at, owner, chunks FROM documents"""
# The only rule of visibility.
VISIBLE = "owner IN ('', ?)"
_IN_ORDER = "ORDER BY folder, owner, path, source"


class SqlDocumentStore:
    """The SQL implementation of `DocumentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._removals: Counter[str] = Counter()

    async def visible_documents(self, folder: str | None, owner: str) -> list[DocumentInfo]:
        return await self._database.read(lambda db: _visible_documents(db, folder, owner))

    async def visible_page(
        self, wanted: DocumentFilter, limit: int, offset: int, after: str | None
    ) -> list[DocumentInfo]:
        return await self._database.read(lambda db: _visible_page(db, wanted, limit, offset, after), long=True)

    async def count_by_folder(self, wanted: DocumentFilter) -> dict[str, int]:
        return await self._database.read(lambda db: _count_by_folder(db, wanted), long=True)

    async def all_documents(self) -> list[DocumentInfo]:
        return await self._database.read(lambda db: _infos(db, _IN_ORDER))

    async def documents_cut_before(self, moment: float, folder: str | None) -> list[DocumentInfo]:
        where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
        return await self._database.read(
            lambda db: _infos(db, f"WHERE cut_at < ? {where} {_IN_ORDER}", moment, *values)
        )

    async def owned_documents(self, owner: str, after: str, limit: int) -> list[DocumentInfo]:
        page = "WHERE owner = ? AND id > ? ORDER BY id LIMIT ?"
        return await self._database.read(lambda db: _infos(db, page, owner, after, limit), long=True)

    async def whole_document(self, document_id: str, owner: str) -> WholeDocument | None:
        return await self._database.read(lambda db: _whole_document(db, document_id, owner))

    async def whole_documents(self, folder: str, owner: str) -> list[WholeDocument]:
        return await self._database.read(lambda db: _whole_documents(db, folder, owner))

    async def loaded_text(self, document_id: str) -> LoadedText | None:
        return await self._database.read(lambda db: _loaded_text(db, document_id))

    async def chunk_sizes(self) -> dict[str, dict[str, int]]:
        return await self._database.read(_chunk_sizes)

    async def chunk_counts(self) -> dict[DocumentPlace, int]:
        return await self._database.read(_chunk_counts)

    async def owner_names(self) -> list[str]:
        return await self._database.read(_owner_names)

    async def owned_amounts(self, owners: Sequence[str]) -> dict[str, OwnedAmount]:
        return await self._database.read(lambda db: {owner: changes.owned_amount(db, owner) for owner in owners})

    async def check_quota(self, key: DocumentKey, quota: OwnerQuota) -> None:
        await self._database.read(lambda db: changes.check_room(db, key, quota))

    async def put_document(
        self, new: NewDocument, quota: OwnerQuota | None = None, *, after_removals: int | None = None
    ) -> DocumentInfo:
        owner = new.key.owner

        def put(db: Connection) -> DocumentInfo:
            if after_removals is not None and self._removals[owner] != after_removals:
                raise DocumentsForgotten("your documents were removed meanwhile; bring it in again if it is to stay")
            changes.put_document(db, new, quota)
            return _document(db, new.key.id)

        return await self._database.write(put)

    async def put_documents(self, documents: Sequence[NewDocument]) -> None:
        def put_all(db: Connection) -> None:
            for new in documents:
                changes.put_document(db, new)

        await self._database.write(put_all)

    async def replace_chunks(self, document: DocumentInfo, chunks: Sequence[Chunk], vectors: ChunkVectors) -> bool:
        return await self._database.write(lambda db: changes.replace_chunks(db, document, chunks, vectors))

    async def move_document(self, document_id: str, key: DocumentKey, title: str) -> DocumentInfo | None:
        def move(db: Connection) -> DocumentInfo | None:
            return _document(db, key.id) if changes.move_document(db, document_id, key, title) else None

        return await self._database.write(move)

    async def remove_document(self, document_id: str, owner: str) -> bool:
        remove = partial(changes.remove_for_good, document_id=document_id, owner=owner)
        return await self._database.write(remove, erasing=True)

    def removals_of(self, owner: str) -> int:
        return self._removals[owner]

    async def begin_removal_of(self, owner: str) -> list[str]:
        self._removals[owner] += 1
        # On the writer's connection: documents it has stored by then are found, and later ones are refused.
        return await self._database.write(lambda db: _ids_of_owner(db, owner))


def _infos(db: Connection, rest: str, *values: object) -> list[DocumentInfo]:
    return [DocumentInfo(**dict(row)) for row in db.execute(f"{_INFO} {rest}", values)]


def _document(db: Connection, document_id: str) -> DocumentInfo:
    return _infos(db, "WHERE id = ?", document_id)[0]


def _visible_documents(db: Connection, folder: str | None, owner: str) -> list[DocumentInfo]:
    where, values = ("AND folder = ?", (folder,)) if folder else ("", ())
    return _infos(db, f"WHERE {VISIBLE} {where} {_IN_ORDER}", owner, *values)


def _visible_page(
    db: Connection, wanted: DocumentFilter, limit: int, offset: int, after: str | None
) -> list[DocumentInfo]:
    # The inner query uses an index alone: reading a row means skipping its text, so only the page's rows are read.
    if after is None:
        where, values = _matching(wanted)
        key, order = "owner, folder, source, path", _IN_ORDER
    else:
        # An expression instead of the column makes SQLite walk the ids in order instead of sorting all matches.
        where, values = _matching(wanted, suffix=" || ''")
        where, values, key, order = f"{where} AND id > ?", [*values, after], "id", "ORDER BY id"
    page = f"SELECT {key} FROM documents WHERE {where} {order} LIMIT ? OFFSET ?"
    return _infos(db, f"WHERE ({key}) IN ({page}) {order}", *values, limit, offset)


def _count_by_folder(db: Connection, wanted: DocumentFilter) -> dict[str, int]:
    where, values = _matching(wanted)
    counted = f"SELECT folder, count(*) FROM documents WHERE {where} GROUP BY folder ORDER BY folder"
    return dict(db.execute(counted, values).fetchall())


def _matching(wanted: DocumentFilter, suffix: str = "") -> tuple[str, list[str]]:
    conditions, values = [f"owner{suffix} IN ('', ?)"], [wanted.owner]
    if wanted.folder:
        conditions.append(f"folder{suffix} = ?")
        values.append(wanted.folder)
    if wanted.search:
        conditions.append("(title LIKE ? ESCAPE '\\' OR path LIKE ? ESCAPE '\\')")
        values += [containing(wanted.search)] * 2
    return " AND ".join(conditions), values


def _whole_documents(db: Connection, folder: str, owner: str) -> list[WholeDocument]:
    of_folder = f"SELECT id, markdown FROM documents WHERE {VISIBLE} AND folder = ?"
    texts = dict(db.execute(of_folder, (owner, folder)).fetchall())
    return [WholeDocument(info, texts[info.id]) for info in _visible_documents(db, folder, owner)]


def _whole_document(db: Connection, document_id: str, owner: str) -> WholeDocument | None:
    row = db.execute(f"SELECT markdown FROM documents WHERE id = ? AND {VISIBLE}", (document_id, owner)).fetchone()
    return WholeDocument(_document(db, document_id), row["markdown"]) if row else None


def _loaded_text(db: Connection, document_id: str) -> LoadedText | None:
    row = db.execute("SELECT title, markdown, pages FROM documents WHERE id = ?", (document_id,)).fetchone()
    return LoadedText(row["title"], row["markdown"], tuple(json.loads(row["pages"]))) if row else None


def _chunk_sizes(db: Connection) -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {}
    for owner, folder, chunks in db.execute("SELECT owner, folder, sum(chunks) FROM documents GROUP BY owner, folder"):
        sizes.setdefault(owner, {})[folder] = chunks
    return sizes


def _chunk_counts(db: Connection) -> dict[DocumentPlace, int]:
    rows = db.execute(
        """SELECT d.folder, d.owner, count(*) FROM chunks c JOIN documents d ON d.id = c.document_id
           GROUP BY d.folder, d.owner"""
    )
    return {DocumentPlace(folder, owner): count for folder, owner, count in rows}


def _owner_names(db: Connection) -> list[str]:
    return [row["owner"] for row in db.execute("SELECT owner FROM documents WHERE owner <> '' GROUP BY owner")]


def _ids_of_owner(db: Connection, owner: str) -> list[str]:
    return [row["id"] for row in db.execute("SELECT id FROM documents WHERE owner = ? ORDER BY id", (owner,))]
