"""The documents of a running desk over HTTP: for `index_documents.py`, when a desk owns the data directory."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Self, TypeVar

from backend.errors import BackendError
from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError, NotADesk, Refused, Unreachable
from frontdesk.contracts.resources import Document
from knowledge.errors import (
    DeskError,
    DocumentSuperseded,
    DocumentUnknown,
    DocumentUnreadable,
    IndexUnavailable,
    StorageFull,
)
from knowledge.storage.documents import DocumentInfo, DocumentKey

T = TypeVar("T")

_CONNECT_SECONDS = 5
# A document is embedded before the answer comes, and nobody knows how long a large one takes.
_PATIENT_SECONDS = 86_400
# As many documents as the desk lists in one answer.
_AT_ONCE = 500


class DeskUnreachable(BackendError):
    """The data directory is owned by a desk that does not answer."""

    code = "desk_unreachable"
    retryable = True


class DeskKeyInvalid(BackendError):
    """DESK_API_KEY is set to something that cannot be a key."""

    code = "desk_key_invalid"


class RemoteLibrary:
    """An implementation of `knowledge.ingestion.ingest.Destination` over HTTP."""

    def __init__(self, url: str, key: str = "") -> None:
        self._url = url
        try:
            self._desk = AsyncDesk(
                url,
                key.strip() or None,
                connect_timeout=_CONNECT_SECONDS,
                timeout=_PATIENT_SECONDS,
                answer_timeout=_PATIENT_SECONDS,
            )
        except ValueError as error:
            raise DeskKeyInvalid("DESK_API_KEY holds characters that no key has; copy the key again") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._desk.close()

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]:
        """Return the stored documents of one folder, or of all; none is missed because others come and go meanwhile."""
        found: list[DocumentInfo] = []
        last = ""
        while page := (await self._try(self._desk.documents(folder=folder, limit=_AT_ONCE, after=last))).documents:
            found += map(_info, page)
            last = found[-1].id
        return sorted(found, key=lambda info: (info.folder, info.path, info.source))

    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo:
        """Upload a document; the desk reads, embeds and indexes it."""
        return _info(await self._try(self._desk.put_document(data, key.folder, key.path, key.source)))

    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo:
        """Upload a document under its new path, then delete it under the old one: the API has no moving."""
        moved = await self.put(DocumentKey(document.folder, document.source, path), data)
        with suppress(DocumentUnknown):  # somebody else has removed it meanwhile
            await self.remove(document.id)
        return moved

    async def remove(self, document_id: str) -> None:
        """Delete a document."""
        await self._try(self._desk.delete_document(document_id))

    async def _try(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except Refused as refused:
            raise _error_of(refused) from refused
        except Unreachable as error:
            raise DeskUnreachable(error.message) from error
        except NotADesk as error:
            raise DeskUnreachable(f"what answers at {self._url} is not a desk") from error
        except ClientError as error:
            raise BackendError(error.message) from error


_KNOWN = {kind.code: kind for kind in (DocumentSuperseded, DocumentUnknown, IndexUnavailable, StorageFull)}


def _error_of(refused: Refused) -> DeskError:
    # One bad document should not end the ingestion of the others.
    if refused.status in (413, 422):
        return DocumentUnreadable(refused.message)
    return _KNOWN.get(refused.code, BackendError)(refused.message)


def _info(document: Document) -> DocumentInfo:
    return DocumentInfo(**document.model_dump(include=set(DocumentInfo.__dataclass_fields__)))
