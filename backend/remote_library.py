"""The documents of a running desk over HTTP: for `index_documents.py`, when a desk owns the data directory."""

from contextlib import suppress
from typing import Any, cast

import httpx

from backend.errors import BackendError
from knowledge.errors import DeskError, DocumentUnknown, DocumentUnreadable, IndexUnavailable, StorageFull
from knowledge.storage.documents import DocumentInfo, DocumentKey

# A document is embedded before the answer comes, and nobody knows how long a large one takes.
_TIMEOUT = httpx.Timeout(None, connect=5)
# As many documents as the desk lists in one answer.
_AT_ONCE = 500


class DeskUnreachable(BackendError):
    """The data directory is owned by a desk that does not answer."""

    code = "desk_unreachable"
    retryable = True


class RemoteLibrary:
    """An implementation of `knowledge.ingestion.ingest.Destination` over HTTP."""

    def __init__(self, url: str, key: str = "") -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False)

    async def __aenter__(self) -> "RemoteLibrary":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]:
        """Return the stored documents of one folder, or of all; none is missed because others come and go meanwhile."""
        wanted = {"limit": str(_AT_ONCE), "after": ""} | ({"folder": folder} if folder else {})
        found: list[DocumentInfo] = []
        while page := (await self._send("GET", "/api/documents", params=wanted))["documents"]:
            found += [DocumentInfo(**document) for document in page]
            wanted["after"] = found[-1].id
        return sorted(found, key=lambda info: (info.folder, info.path, info.source))

    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo:
        """Upload a document; the desk reads, embeds and indexes it."""
        answer = await self._send(
            "POST",
            "/api/documents",
            data={"folder": key.folder, "source": key.source, "path": key.path},
            files={"file": (key.path, data)},
        )
        return DocumentInfo(**answer)

    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo:
        """Upload a document under its new path, then delete it under the old one: the API has no moving."""
        moved = await self.put(DocumentKey(document.folder, document.source, path), data)
        with suppress(DocumentUnknown):  # somebody else has removed it meanwhile
            await self.remove(document.id)
        return moved

    async def remove(self, document_id: str) -> None:
        """Delete a document."""
        await self._send("DELETE", f"/api/documents/{document_id}")

    async def _send(self, method: str, path: str, **request: object) -> dict[str, Any]:
        try:
            response = await self._client.request(method, path, **cast(Any, request))
        except httpx.TransportError as error:
            raise DeskUnreachable(f"the desk at {self._client.base_url} does not answer ({error!r})") from error
        try:
            answer: dict[str, Any] = response.json()
            if response.is_success:
                return answer
            raise _error(response.status_code, answer["error"]["code"], answer["error"]["message"])
        except (ValueError, KeyError) as error:
            raise DeskUnreachable(f"what answers at {self._client.base_url} is not a desk") from error


_KNOWN = {kind.code: kind for kind in (DocumentUnknown, IndexUnavailable, StorageFull)}


def _error(status: int, code: str, message: str) -> DeskError:
    # One bad document should not end the ingestion of the others.
    if status in (413, 422):
        return DocumentUnreadable(message)
    return _KNOWN.get(code, BackendError)(message)
