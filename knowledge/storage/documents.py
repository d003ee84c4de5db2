"""The documents of a library and their chunks, as stores return them. A document is shared, or owned by one user."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.errors import OwnerInvalid

_OWNER = re.compile(r"[A-Za-z0-9._@-]{1,64}")


class DocumentPlace(NamedTuple):
    """A knowledge folder together with the owner of its documents, "" for the shared ones."""

    folder: str
    owner: str = ""


@dataclass(frozen=True)
class DocumentKey:
    """The identity of a document across ingestions: folder, the root it was read from, and the path below it.

    `owner` is the user who owns it, or "" for a shared document."""

    folder: str
    source: str
    path: str
    owner: str = ""

    def __post_init__(self) -> None:
        if self.owner and not _OWNER.fullmatch(self.owner):
            raise OwnerInvalid("an owner is named by 1 to 64 letters, digits and . _ @ -; or by nothing, for everybody")

    @property
    def id(self) -> str:
        joined = "\n".join((self.folder, self.source, self.path))
        if self.owner:
            # This JSON has no line break, so no shared document can have the id of an owned one.
            joined = json.dumps([self.owner, self.folder, self.source, self.path])
        return hashlib.sha256(joined.encode()).hexdigest()[:16]

    @property
    def place(self) -> DocumentPlace:
        return DocumentPlace(self.folder, self.owner)


@dataclass(frozen=True)
class DocumentInfo:
    """A stored document without its text."""

    id: str
    folder: str
    source: str
    path: str
    title: str
    content_hash: str
    version: int
    chunks: int
    updated_at: float
    owner: str = ""


@dataclass(frozen=True)
class DocumentFilter:
    """A filter of documents: those that a user may see, in a folder, matching a search text."""

    owner: str = ""
    folder: str | None = None
    search: str | None = None


class FolderState(NamedTuple):
    """The state of a folder as a user sees it: a token for its shared documents and one for the user's own.

    Equal tokens mean that no document was added, changed, moved or removed; an empty one stands for no documents.
    `is_level` is False while the vector index lacks changes, of whatever folder.
    """

    shared: str
    own: str
    is_level: bool


@dataclass(frozen=True)
class StoredChunk:
    """A chunk with the fields that a citation needs."""

    id: int
    document_id: str
    folder: str
    path: str
    title: str
    version: int
    position: int
    section: str
    text: str
    page: int | None = None


@dataclass(frozen=True)
class WholeDocument:
    """A document with its full text, for prompts that carry whole documents."""

    info: DocumentInfo
    markdown: str


def hash_of(data: bytes) -> str:
    """Return the content hash that tells a changed document from an unchanged one."""
    return hashlib.sha256(data).hexdigest()
