"""Circuit breakers: a provider that keeps failing is not called for a while, then probed with one request."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from agents.models.failures import ModelFailure

_FAILURES_TO_OPEN = 3
_OPEN_SECONDS = 5.0
_LONGEST_OPEN_SECONDS = 40.0


class BreakerState(StrEnum):
    """The state of a breaker: closed lets all calls through, half-open one at a time, open none."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass
class CircuitBreaker:
    """A circuit breaker. Opens after some failures in a row or a missed deadline; a failed probe doubles the pause."""

    clock: Callable[[], float] = time.monotonic
    cause: ModelFailure | None = None
    _failures: int = 0
    _opened_at: float = float("-inf")
    _open_until: float = 0.0
    _pause: float = _OPEN_SECONDS
    _last_success: float = float("-inf")
    _probes: set[object] = field(default_factory=set)

    @property
    def state(self) -> BreakerState:
        """The current state, which decides whether calls go through."""
        if self._failures < _FAILURES_TO_OPEN:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._probes or self.clock() < self._open_until else BreakerState.HALF_OPEN

    def admit_call(self, call: object) -> bool:
        """Return True if this call may be made; settle it with `record_success`, `record_failure` or `release_call`."""
        state = self.state
        if state is BreakerState.HALF_OPEN:
            self._probes.add(call)
        return state is not BreakerState.OPEN

    def confirm_probe(self, call: object) -> None:
        """Let every call through again once a probe begins to answer; one more failure opens the breaker."""
        if call in self._probes:
            self._probes.discard(call)
            self._failures = _FAILURES_TO_OPEN - 1

    def record_success(self, *, began: float) -> None:
        """Record a successful call. One that began before the breaker opened says nothing about the present."""
        if self._failures >= _FAILURES_TO_OPEN and began < self._opened_at:
            return
        self._last_success = self.clock()
        self._failures, self._pause, self.cause = 0, _OPEN_SECONDS, None

    def record_failure(self, call: object, cause: ModelFailure, *, since: float, costly: bool) -> None:
        """Record the failure of a call that received nothing since `since`. A costly one opens the breaker at once.

        The failure does not count if another call succeeded meanwhile: then it was this call's bad luck, not an outage.
        """
        probing = call in self._probes
        self._probes.discard(call)
        if self._last_success > since:
            return
        self.cause = cause
        self._failures = max(_FAILURES_TO_OPEN, self._failures) if costly else self._failures + 1
        if self._failures >= _FAILURES_TO_OPEN and self.clock() >= self._open_until:
            if probing:
                self._pause = min(2 * self._pause, _LONGEST_OPEN_SECONDS)
            self._opened_at = self.clock()
            self._open_until = self._opened_at + self._pause

    def release_call(self, call: object) -> None:
        """Drop a call that was abandoned before it showed anything."""
        self._probes.discard(call)
