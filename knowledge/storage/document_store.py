"""The interface of a store of documents.

A change of a document also records, in the same transaction, what the vector index must add and drop. The words of
owned documents stand in a lexical index of their own, so that nothing in it, not even a word's frequency, reveals them
to others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.loaders import LoadedText
from knowledge.storage.documents import (
    DocumentFilter,
    DocumentInfo,
    DocumentKey,
    DocumentPlace,
    FolderState,
    WholeDocument,
)
from knowledge.storage.quota import OwnedAmount, OwnerQuota


@dataclass(frozen=True)
class NewDocument:
    """A document to be stored: its parsed text, the hash of its file, and its chunks with their vectors."""

    key: DocumentKey
    text: LoadedText
    content_hash: str
    chunks: Sequence[Chunk]
    vectors: ChunkVectors


class DocumentStore(Protocol):
    """A store of documents with their texts and chunks. Each change is one transaction.

    Vectors of another model than the stored ones are refused with `EmbeddingModelChanged`."""

    async def visible_documents(self, folder: str | None, owner: str) -> list[DocumentInfo]:
        """Return a user's visible documents in a folder or in all, the shared before their own, in a fixed order."""
        ...

    async def visible_page(
        self, wanted: DocumentFilter, limit: int, offset: int, after: str | None
    ) -> list[DocumentInfo]:
        """Return a page of the matching documents in a fixed order; with `after`, by id and after that one.

        Ids are stable while other documents come and go: a client that continues after the last id misses no document.
        """
        ...

    async def count_by_folder(self, wanted: DocumentFilter) -> dict[str, int]:
        """Count the matching documents by folder."""
        ...

    async def all_documents(self) -> list[DocumentInfo]:
        """Return the shared documents and every user's own, in a fixed order."""
        ...

    async def documents_cut_before(self, moment: float, folder: str | None) -> list[DocumentInfo]:
        """Return the documents of all owners, in all folders or in one, that were last chunked before a moment."""
        ...

    async def owned_documents(self, owner: str, after: str, limit: int) -> list[DocumentInfo]:
        """Return those documents that are a user's own, by id and after that one."""
        ...

    async def whole_document(self, document_id: str, owner: str) -> WholeDocument | None:
        """Return a document with its text, if a user may see it."""
        ...

    async def whole_documents(self, folder: str, owner: str) -> list[WholeDocument]:
        """Return a folder's documents with their text, in a fixed order so that prompts made of them share a prefix."""
        ...

    async def linked_documents(self, targets: Sequence[str], near: str, owner: str) -> dict[str, DocumentInfo]:
        """Return the documents to which links lead (`knowledge/text/document_links.py`), of those a user may see.

        Of several that fit, the one that shares the most of the path counts, then the one in the same folder as the
        document `near`, in which the links stand.
        """
        ...

    async def loaded_text(self, document_id: str) -> LoadedText | None:
        """Return the parsed text of a document's file."""
        ...

    async def folder_state(self, folder: str, owner: str) -> FolderState:
        """Return the state of a folder as a user sees it."""
        ...

    async def chunk_sizes(self) -> dict[str, dict[str, int]]:
        """Return the number of chunks by owner and folder, as it is kept with the documents."""
        ...

    async def chunk_counts(self) -> dict[DocumentPlace, int]:
        """Count the stored chunks by place."""
        ...

    async def owner_names(self) -> list[str]:
        """Return the users with documents of their own."""
        ...

    async def owned_amounts(self, owners: Sequence[str]) -> Mapping[str, OwnedAmount]:
        """Return how much each of the owners has stored."""
        ...

    async def check_quota(self, key: DocumentKey, quota: OwnerQuota) -> None:
        """Refuse a document for which its owner has no room."""
        ...

    async def put_document(
        self, new: NewDocument, quota: OwnerQuota | None = None, *, after_removals: int | None = None
    ) -> DocumentInfo:
        """Replace a document by a new version as a whole, if the owner's quota permits.

        With `after_removals`, it is refused if all documents of its owner were removed since `removals_of` said so.
        """
        ...

    async def put_documents(self, documents: Sequence[NewDocument]) -> None:
        """Replace many documents in one transaction."""
        ...

    async def replace_chunks(self, document: DocumentInfo, chunks: Sequence[Chunk], vectors: ChunkVectors) -> bool:
        """Replace the chunks of the same version of a document; return False if it was changed or removed meanwhile."""
        ...

    async def move_document(self, document_id: str, key: DocumentKey, title: str) -> DocumentInfo | None:
        """Change a document's path, keeping its version, chunks and vectors; return None if there is none."""
        ...

    async def remove_document(self, document_id: str, owner: str) -> bool:
        """Remove a document of an owner, and have its words erased; return False if they have none of that id."""
        ...

    def removals_of(self, owner: str) -> int:
        """Return how often all documents of an owner were removed."""
        ...

    async def begin_removal_of(self, owner: str) -> list[str]:
        """Refuse documents that the owner is still bringing in, and return the ids of those already stored."""
        ...
