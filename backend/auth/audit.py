"""The entries of the audit log: who did what, to what, when and from where, and what changed."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AuditEntry:
    """An action for the audit log. `before` and `after` hold the fields that it changed; secrets need not be removed.

    `person` is the user whose data or key it concerns, if any; `target` is the id of anything, be it an agent or a key.
    """

    action: str
    actor: str
    address: str | None
    target: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    key_id: str | None = field(default=None, kw_only=True)
    person: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Actor:
    """The originator of a request: the user, the client address, and the id of the key it came with."""

    name: str
    address: str | None
    key_id: str | None = None

    def did(
        self,
        action: str,
        target: str,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        *,
        person: str | None = None,
    ) -> AuditEntry:
        """Make the audit entry of an action of this request."""
        return AuditEntry(action, self.name, self.address, target, before, after, key_id=self.key_id, person=person)


SYSTEM = Actor("(desk)", None)
"""The actor of the server's own actions: retention, and settings read at start."""


def changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reduce two states to the fields in which they differ."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before[name] for name in names if name in before}, {n: after[n] for n in names if n in after}
