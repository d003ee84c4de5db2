"""The client methods for API keys and the audit log."""

from collections.abc import Sequence
from typing import Unpack

from frontdesk.client import access_endpoints as endpoints
from frontdesk.client.access_endpoints import AuditQuery, KeyChoices, Scope
from frontdesk.client.resources.base import AsyncResource, SyncResource
from frontdesk.contracts import access


class AccessResource(SyncResource):
    """The synchronous methods for API keys and the audit log."""

    def keys(self, limit: int | None = None, offset: int | None = None) -> access.KeyPage:
        return self._send_call(endpoints.keys(limit, offset))

    def make_key(self, user: str, scopes: Sequence[Scope], **choices: Unpack[KeyChoices]) -> access.MadeKey:
        return self._send_call(endpoints.make_key(user, scopes, **choices))

    def revoke_key(self, key_id: str) -> access.KeyInfo:
        return self._send_call(endpoints.revoke_key(key_id))

    def audit(self, **sought: Unpack[AuditQuery]) -> access.AuditPage:
        return self._send_call(endpoints.audit(**sought))

    def audit_csv(self, **sought: Unpack[AuditQuery]) -> str:
        return self._send_call(endpoints.audit_csv(**sought))

    def audit_check(self) -> access.AuditCheck:
        return self._send_call(endpoints.audit_check())


class AsyncAccessResource(AsyncResource):
    """The asynchronous methods for API keys and the audit log."""

    async def keys(self, limit: int | None = None, offset: int | None = None) -> access.KeyPage:
        return await self._send_call(endpoints.keys(limit, offset))

    async def make_key(self, user: str, scopes: Sequence[Scope], **choices: Unpack[KeyChoices]) -> access.MadeKey:
        return await self._send_call(endpoints.make_key(user, scopes, **choices))

    async def revoke_key(self, key_id: str) -> access.KeyInfo:
        return await self._send_call(endpoints.revoke_key(key_id))

    async def audit(self, **sought: Unpack[AuditQuery]) -> access.AuditPage:
        return await self._send_call(endpoints.audit(**sought))

    async def audit_csv(self, **sought: Unpack[AuditQuery]) -> str:
        return await self._send_call(endpoints.audit_csv(**sought))

    async def audit_check(self) -> access.AuditCheck:
        return await self._send_call(endpoints.audit_check())
