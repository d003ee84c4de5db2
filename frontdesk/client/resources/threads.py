"""The client methods for runs and conversations."""

from typing import Literal, Unpack

from frontdesk.client import endpoints
from frontdesk.client.endpoints import ThreadQuery
from frontdesk.client.requests import Json
from frontdesk.client.resources.base import AsyncResource, SyncResource
from frontdesk.contracts import resources
from frontdesk.contracts.resources import RunWhole


class ThreadsResource(SyncResource):
    """The synchronous methods for runs and conversations."""

    def run(self, run_id: str) -> RunWhole:
        return self._send_call(endpoints.run(run_id))

    def cancel(self, run_id: str) -> Json:
        return self._send_call(endpoints.cancel(run_id))

    def feedback(self, run_id: str, rating: Literal["up", "down"], comment: str = "") -> Json:
        return self._send_call(endpoints.feedback(run_id, rating, comment))

    def threads(self, **page: Unpack[ThreadQuery]) -> resources.ThreadPage:
        return self._send_call(endpoints.threads(**page))

    def thread(self, thread_id: str, limit: int | None = None, offset: int | None = None) -> resources.ThreadWhole:
        return self._send_call(endpoints.thread(thread_id, limit, offset))

    def rename(self, thread_id: str, title: str) -> resources.ThreadWhole:
        return self._send_call(endpoints.rename(thread_id, title))

    def delete(self, thread_id: str, hard: bool = False) -> Json:
        return self._send_call(endpoints.delete(thread_id, hard))

    def restore(self, thread_id: str) -> resources.ThreadWhole:
        return self._send_call(endpoints.restore(thread_id))

    def export(self, thread_id: str, format: Literal["markdown", "json"] = "markdown") -> str:
        return self._send_call(endpoints.export(thread_id, format))


class AsyncThreadsResource(AsyncResource):
    """The asynchronous methods for runs and conversations."""

    async def run(self, run_id: str) -> RunWhole:
        return await self._send_call(endpoints.run(run_id))

    async def cancel(self, run_id: str) -> Json:
        return await self._send_call(endpoints.cancel(run_id))

    async def feedback(self, run_id: str, rating: Literal["up", "down"], comment: str = "") -> Json:
        return await self._send_call(endpoints.feedback(run_id, rating, comment))

    async def threads(self, **page: Unpack[ThreadQuery]) -> resources.ThreadPage:
        return await self._send_call(endpoints.threads(**page))

    async def thread(
        self, thread_id: str, limit: int | None = None, offset: int | None = None
    ) -> resources.ThreadWhole:
        return await self._send_call(endpoints.thread(thread_id, limit, offset))

    async def rename(self, thread_id: str, title: str) -> resources.ThreadWhole:
        return await self._send_call(endpoints.rename(thread_id, title))

    async def delete(self, thread_id: str, hard: bool = False) -> Json:
        return await self._send_call(endpoints.delete(thread_id, hard))

    async def restore(self, thread_id: str) -> resources.ThreadWhole:
        return await self._send_call(endpoints.restore(thread_id))

    async def export(self, thread_id: str, format: Literal["markdown", "json"] = "markdown") -> str:
        return await self._send_call(endpoints.export(thread_id, format))
