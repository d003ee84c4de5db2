"""The store of the settings of the last start, with which those of the next are compared."""

from collections.abc import Mapping
from typing import Any, Protocol

from backend.auth.audit import AuditEntry


class LastSettingsStore(Protocol):
    """A store of the last start's settings: JSON values by name, and only hashes of secrets."""

    async def read_settings(self) -> dict[str, Any]:
        """Return the stored settings; nothing before the first start."""
        ...

    async def replace_settings(self, settings: Mapping[str, Any], entry: AuditEntry) -> None:
        """Replace all stored settings and record what differs, or do neither."""
        ...
