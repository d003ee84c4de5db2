"""The client methods for documents: list, read, upload, reindex and delete them."""

from collections.abc import Sequence
from typing import Unpack

from frontdesk.client import endpoints
from frontdesk.client.endpoints import DocumentQuery
from frontdesk.client.requests import Json
from frontdesk.client.resources.base import AsyncResource, SyncResource
from frontdesk.contracts import resources


class DocumentsResource(SyncResource):
    """The synchronous methods for documents."""

    def documents(self, **shelf: Unpack[DocumentQuery]) -> resources.DocumentPage:
        return self._send_call(endpoints.documents(**shelf))

    def document(self, document_id: str) -> resources.DocumentWhole:
        return self._send_call(endpoints.document(document_id))

    def document_links(self, targets: Sequence[str], near: str = "") -> resources.DocumentLinks:
        return self._send_call(endpoints.document_links(targets, near))

    def put_document(self, file: bytes, folder: str, path: str, source: str = "upload") -> resources.Document:
        return self._send_call(endpoints.put_document(file, folder, path, source))

    def put_archive(self, file: bytes, folder: str, path: str, source: str = "upload") -> resources.Begun:
        return self._send_call(endpoints.put_archive(file, folder, path, source))

    def reindex(self, folder: str | None = None) -> resources.Begun:
        return self._send_call(endpoints.reindex(folder))

    def delete_document(self, document_id: str) -> Json:
        return self._send_call(endpoints.delete_document(document_id))


class AsyncDocumentsResource(AsyncResource):
    """The asynchronous methods for documents."""

    async def documents(self, **shelf: Unpack[DocumentQuery]) -> resources.DocumentPage:
        return await self._send_call(endpoints.documents(**shelf))

    async def document(self, document_id: str) -> resources.DocumentWhole:
        return await self._send_call(endpoints.document(document_id))

    async def document_links(self, targets: Sequence[str], near: str = "") -> resources.DocumentLinks:
        return await self._send_call(endpoints.document_links(targets, near))

    async def put_document(self, file: bytes, folder: str, path: str, source: str = "upload") -> resources.Document:
        return await self._send_call(endpoints.put_document(file, folder, path, source))

    async def put_archive(self, file: bytes, folder: str, path: str, source: str = "upload") -> resources.Begun:
        return await self._send_call(endpoints.put_archive(file, folder, path, source))

    async def reindex(self, folder: str | None = None) -> resources.Begun:
        return await self._send_call(endpoints.reindex(folder))

    async def delete_document(self, document_id: str) -> Json:
        return await self._send_call(endpoints.delete_document(document_id))
