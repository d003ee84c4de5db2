"""The store of agents that were changed over HTTP."""

from typing import Protocol

from backend.auth.audit import AuditEntry


class AgentStore(Protocol):
    """A store of changes to agents. Each change is stored together with its audit entry, or not at all."""

    async def all_changes(self) -> dict[str, str | None]:
        """Return the fields of each changed agent as JSON; None where the agent was deleted."""
        ...

    async def save_change(self, agent_id: str, fields: str | None, entry: AuditEntry) -> None:
        """Store an agent's fields, or None to mark the agent of a file as deleted."""
        ...

    async def drop_change(self, agent_id: str, entry: AuditEntry) -> None:
        """Delete the change of an agent that no file would bring back, so that it needs no mark."""
        ...
