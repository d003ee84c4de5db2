"""Documents: listed, read, added, brought in, embedded again, removed."""

from typing import Unpack

from ui import calls, shapes
from ui.calls import Shelf
from ui.doors.doing import Awaiting, Waiting
from ui.requests import Json


class Documents(Waiting):
    """For programs that wait."""

    def documents(self, **shelf: Unpack[Shelf]) -> shapes.Documents:
        return self._do(calls.documents(**shelf))

    def document(self, document_id: str) -> shapes.DocumentWhole:
        return self._do(calls.document(document_id))

    def put_document(self, file: bytes, folder: str, path: str, source: str = "upload") -> shapes.Document:
        return self._do(calls.put_document(file, folder, path, source))

    def put_archive(self, file: bytes, folder: str, path: str, source: str = "upload") -> shapes.Begun:
        return self._do(calls.put_archive(file, folder, path, source))

    def reindex(self, folder: str | None = None) -> shapes.Begun:
        return self._do(calls.reindex(folder))

    def delete_document(self, document_id: str) -> Json:
        return self._do(calls.delete_document(document_id))


class AsyncDocuments(Awaiting):
    """For programs that do something else meanwhile."""

    async def documents(self, **shelf: Unpack[Shelf]) -> shapes.Documents:
        return await self._do(calls.documents(**shelf))

    async def document(self, document_id: str) -> shapes.DocumentWhole:
        return await self._do(calls.document(document_id))

    async def put_document(self, file: bytes, folder: str, path: str, source: str = "upload") -> shapes.Document:
        return await self._do(calls.put_document(file, folder, path, source))

    async def put_archive(self, file: bytes, folder: str, path: str, source: str = "upload") -> shapes.Begun:
        return await self._do(calls.put_archive(file, folder, path, source))

    async def reindex(self, folder: str | None = None) -> shapes.Begun:
        return await self._do(calls.reindex(folder))

    async def delete_document(self, document_id: str) -> Json:
        return await self._do(calls.delete_document(document_id))
