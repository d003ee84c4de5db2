"""The registry of the server's connections, with limits on idle ones and on those of one address."""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from backend.errors import NotNow
from backend.http.errors import TooManyConnections
from backend.limits.addresses import is_loopback, network_of
from backend.settings import Settings

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 5


@dataclass(frozen=True)
class ConnectionLimits:
    """The limits on a client's connections, before and while it sends a request."""

    header_seconds: float = 20
    body_rate: float = 500
    stalled_seconds: float = 60
    idle: int = 512
    of_one_address: int = 0

    @classmethod
    def from_settings(cls, settings: Settings) -> "ConnectionLimits":
        """Derive the limits from the settings."""
        return cls(
            header_seconds=settings.header_seconds,
            body_rate=settings.min_body_rate,
            # Streams time out earlier, in `EventStream`, which counts them.
            stalled_seconds=2 * settings.slow_reader_seconds,
            idle=settings.max_idle_connections,
            of_one_address=settings.address_connections,
        )


class CheckedConnection(Protocol):
    """A connection that is checked once a second."""

    def check_deadlines(self, now: float) -> None:
        """Apply the deadlines."""

    def evict(self) -> None:
        """Close an idle connection to make room for others."""


class ConnectionRegistry:
    """The connections of one server."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._addresses: dict[CheckedConnection, str] = {}
        self._of_address: Counter[str] = Counter()
        # In the order in which they became idle.
        self._idle: dict[CheckedConnection, None] = {}

    def __len__(self) -> int:
        return len(self._addresses)

    @property
    def idle(self) -> int:
        """The number of connections without a request under way."""
        return len(self._idle)

    def add_connection(self, connection: CheckedConnection, peer: str | None, own: str | None) -> NotNow | None:
        """Register a connection, and return the error with which it must be closed, if any."""
        address = _counted_network(peer, own) if self.limits.of_one_address else ""
        self._addresses[connection] = address
        self._of_address[address] += 1
        if address and self._of_address[address] > self.limits.of_one_address:
            _LOG.info("a connection was refused: %s has %d already", address, self.limits.of_one_address)
            return TooManyConnections(
                f"{self.limits.of_one_address} connections are open from your address; close some.", _RETRY_SECONDS
            )
        self.mark_idle(connection)
        return None

    def replace_connection(self, connection: CheckedConnection, other: CheckedConnection) -> None:
        """Hand a connection over to another protocol."""
        self._idle.pop(connection, None)
        if (address := self._addresses.pop(connection, None)) is not None:
            self._addresses[other] = address

    def remove_connection(self, connection: CheckedConnection) -> None:
        """Remove a closed connection."""
        self._idle.pop(connection, None)
        if (address := self._addresses.pop(connection, None)) is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def mark_idle(self, connection: CheckedConnection) -> None:
        """Mark a connection as idle; if too many are, close the one that has been idle longest."""
        if connection not in self._addresses:
            return
        self._idle.pop(connection, None)
        self._idle[connection] = None
        while len(self._idle) > self.limits.idle:
            longest = next(iter(self._idle))
            del self._idle[longest]
            longest.evict()

    def mark_busy(self, connection: CheckedConnection) -> None:
        """Mark a connection as busy with a request."""
        self._idle.pop(connection, None)

    def check_connections(self, now: float) -> None:
        """Apply the deadlines of every connection."""
        for connection in list(self._addresses):
            connection.check_deadlines(now)


def _counted_network(peer: str | None, own: str | None) -> str:
    """Return the network that a connection counts for, or "" if it is local, as those of the web pages are."""
    if not peer or peer == own:
        return ""
    network = network_of(peer)
    return "" if is_loopback(network) else network
