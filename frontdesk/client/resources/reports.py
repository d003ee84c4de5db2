"""The client methods for reports: activity, hand-overs, unanswered questions, info and health."""

from typing import Unpack

from frontdesk.client import endpoints
from frontdesk.client.endpoints import HandoffQuery
from frontdesk.client.requests import Json
from frontdesk.client.resources.base import AsyncResource, SyncResource
from frontdesk.contracts import reports, resources


class ReportsResource(SyncResource):
    """The synchronous methods for reports."""

    def handovers(self, **queue: Unpack[HandoffQuery]) -> reports.HandoffPage:
        return self._send_call(endpoints.handovers(**queue))

    def handover(self, handover_id: str) -> reports.HandoffWhole:
        return self._send_call(endpoints.handover(handover_id))

    def hand_over(self, contact: str, message: str = "", thread_id: str | None = None) -> reports.HandoffInfo:
        return self._send_call(endpoints.hand_over(contact, message, thread_id))

    def resolve(self, handover_id: str, note: str = "") -> reports.HandoffInfo:
        return self._send_call(endpoints.resolve(handover_id, note))

    def unanswered(self, days: int | None = None, limit: int | None = None) -> reports.UnansweredPage:
        return self._send_call(endpoints.unanswered(days, limit))

    def activity(
        self, days: int | None = None, limit: int | None = None, offset: int | None = None
    ) -> reports.ActivityReport:
        return self._send_call(endpoints.activity(days, limit, offset))

    def info(self) -> resources.Info:
        return self._send_call(endpoints.info())

    def health(self) -> Json:
        return self._send_call(endpoints.health())


class AsyncReportsResource(AsyncResource):
    """The asynchronous methods for reports."""

    async def handovers(self, **queue: Unpack[HandoffQuery]) -> reports.HandoffPage:
        return await self._send_call(endpoints.handovers(**queue))

    async def handover(self, handover_id: str) -> reports.HandoffWhole:
        return await self._send_call(endpoints.handover(handover_id))

    async def hand_over(self, contact: str, message: str = "", thread_id: str | None = None) -> reports.HandoffInfo:
        return await self._send_call(endpoints.hand_over(contact, message, thread_id))

    async def resolve(self, handover_id: str, note: str = "") -> reports.HandoffInfo:
        return await self._send_call(endpoints.resolve(handover_id, note))

    async def unanswered(self, days: int | None = None, limit: int | None = None) -> reports.UnansweredPage:
        return await self._send_call(endpoints.unanswered(days, limit))

    async def activity(
        self, days: int | None = None, limit: int | None = None, offset: int | None = None
    ) -> reports.ActivityReport:
        return await self._send_call(endpoints.activity(days, limit, offset))

    async def info(self) -> resources.Info:
        return await self._send_call(endpoints.info())

    async def health(self) -> Json:
        return await self._send_call(endpoints.health())
