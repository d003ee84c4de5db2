"""The documents that users own, for whoever lists, measures or exports what is stored of a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.library import Library
from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentInfo

_COLUMNS = "id, folder, source, path, title, content_hash, version, chunks, updated_at, owner"


@dataclass(frozen=True)
class OwnedAmount:
    """The number of an owner's documents, and the bytes of their texts."""

    documents: int
    document_bytes: int


class OwnedDocuments:
    """The documents of a library that are a user's own."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def owner_names(self) -> list[str]:
        """Return the users with documents of their own."""
        return await self._library.read(_owner_names)

    async def owned_amounts(self, owners: Sequence[str]) -> dict[str, OwnedAmount]:
        """Return how much each of the owners has stored."""
        return await self._library.read(lambda db: {owner: _owned_amount(db, owner) for owner in owners})

    async def owned_documents(self, owner: str, after: str, limit: int) -> list[DocumentInfo]:
        """Return those documents that are a user's own, by id and after that one."""
        return await self._library.read(lambda db: _owned_documents(db, owner, after, limit))


def _owner_names(db: Connection) -> list[str]:
    return [row["owner"] for row in db.execute("SELECT owner FROM documents WHERE owner <> '' GROUP BY owner")]


def _owned_amount(db: Connection, owner: str) -> OwnedAmount:
    amount = "SELECT count(*), coalesce(sum(bytes), 0) FROM documents WHERE owner = ?"
    return OwnedAmount(*db.execute(amount, (owner,)).fetchone())


def _owned_documents(db: Connection, owner: str, after: str, limit: int) -> list[DocumentInfo]:
    page = f"SELECT {_COLUMNS} FROM documents WHERE owner = ? AND id > ? ORDER BY id LIMIT ?"
    return [DocumentInfo(**dict(row)) for row in db.execute(page, (owner, after, limit))]
