"""The client methods for people: list users, export all data about one, and delete it."""

from typing import Literal

from frontdesk.client import people_endpoints as endpoints
from frontdesk.client.requests import Json
from frontdesk.client.resources.base import AsyncResource, SyncResource
from frontdesk.contracts import reports


class PeopleResource(SyncResource):
    """The synchronous methods for people."""

    def people(self, limit: int | None = None, offset: int | None = None) -> reports.People:
        return self._send_call(endpoints.people(limit, offset))

    def export_person(self, user: str) -> bytes:
        return self._send_call(endpoints.export_person(user))

    def delete_person(
        self, user: str, part: Literal["conversations", "documents"] | None = None
    ) -> reports.PersonRemoved:
        return self._send_call(endpoints.delete_person(user, part))

    def delete_conversation_of(self, user: str, thread_id: str) -> Json:
        return self._send_call(endpoints.delete_conversation_of(user, thread_id))

    def delete_document_of(self, user: str, document_id: str) -> Json:
        return self._send_call(endpoints.delete_document_of(user, document_id))


class AsyncPeopleResource(AsyncResource):
    """The asynchronous methods for people."""

    async def people(self, limit: int | None = None, offset: int | None = None) -> reports.People:
        return await self._send_call(endpoints.people(limit, offset))

    async def export_person(self, user: str) -> bytes:
        return await self._send_call(endpoints.export_person(user))

    async def delete_person(
        self, user: str, part: Literal["conversations", "documents"] | None = None
    ) -> reports.PersonRemoved:
        return await self._send_call(endpoints.delete_person(user, part))

    async def delete_conversation_of(self, user: str, thread_id: str) -> Json:
        return await self._send_call(endpoints.delete_conversation_of(user, thread_id))

    async def delete_document_of(self, user: str, document_id: str) -> Json:
        return await self._send_call(endpoints.delete_document_of(user, document_id))
