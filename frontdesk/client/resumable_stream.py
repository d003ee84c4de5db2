"""The resumption of one run's stream over many connections: decides what to do next, without a connection of its own.

A driver opens the request of `next_attempt`, calls `record_response`, passes every chunk to `receive_chunk`, and ends
with `handle_end` or `handle_loss`.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from frontdesk.client import endpoints
from frontdesk.client.errors import ClientError, NotADesk, Refused, StreamBroken
from frontdesk.client.requests import HttpRequest, StreamCall
from frontdesk.client.responses import HttpReply, is_unsent, unknown_fate_error, unreachable_error
from frontdesk.client.sse import FrameInvalid, SseFrame, SseParser
from frontdesk.contracts.events import EVENTS, Cancelled, Done, Error, Event, Heartbeat, Start

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
# Transient statuses of a proxy or a desk that restarts or is overloaded.
_PASSING = (429, 502, 503, 504)


@dataclass(frozen=True)
class ConnectionAttempt:
    """A connection to open, after a pause."""

    request: HttpRequest
    pause: float = 0.0


class RetryPolicy:
    """A retry budget with backoff: a number of seconds without contact, reset by every new event.

    A heartbeat pauses the count and does not reset it, or a server that only ever sends heartbeats would be retried for
    ever.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self.record_progress()

    def record_progress(self) -> None:
        """Reset the budget: a new event arrived."""
        self._spent = 0.0
        self._since: float | None = None
        self._failures = 0

    def record_contact(self) -> None:
        """Pause the count: the server responded."""
        if self._since is not None:
            self._spent += self._clock() - self._since
            self._since = None

    def next_pause(self, asked: float) -> float | None:
        """Return the backoff before the next try, at least what the server asked for; None to give up."""
        now = self._clock()
        self._since = now if self._since is None else self._since
        left = self._seconds - self._spent - (now - self._since)
        if left <= 0 or asked > left:
            return None
        self._failures += 1
        if self._failures == 1:
            return asked
        # Jitter down to half: many clients of one restarted desk should not come back at once.
        grown = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures - 2, 10))
        return min(left, max(asked, grown * random.uniform(0.5, 1)))  # noqa: S311 - it keeps no secret


class ResumableStream:
    """A reader that yields every event once, in order. A question is sent once; only a known run is asked for again."""

    def __init__(self, opening: StreamCall, retries: RetryPolicy) -> None:
        self._run_id = opening.run_id
        self._last = opening.after
        self._retries = retries
        self._next: ConnectionAttempt | None = ConnectionAttempt(opening.request)
        self._begun = False

    @property
    def ended(self) -> bool:
        """True if the run's end has been yielded."""
        return self._next is None

    def next_attempt(self) -> ConnectionAttempt | None:
        """Return the next connection to open; None after the end."""
        return self._next

    def record_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Record the status and headers of a response; its body follows."""
        self._reply, self._parser = HttpReply(status, headers), SseParser()
        self._begun = self._begun or self._reply.is_stream

    def receive_chunk(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that a chunk of the body completes."""
        if not self._reply.is_stream:
            self._reply.add_chunk(chunk)
            return
        try:
            for frame in self._parser.feed(chunk):
                if event := self._accept_frame(frame):
                    yield event
                if self.ended:
                    return
        except (FrameInvalid, ValidationError) as error:
            raise self._broken_error("the desk sent what this client cannot read") from error

    def handle_end(self) -> None:
        """Handle the end of the body: schedule a retry unless the run has ended, or raise."""
        if self.ended:
            return
        if self._reply.is_stream:
            self._schedule_retry("the stream ended before its answer did")
            return
        failure = self._reply.to_error()
        if not self._begun:
            raise failure
        if not (failure.retryable or failure.status in _PASSING):
            raise self._broken_error("the desk does not give out the rest") from failure
        self._schedule_retry(str(failure), failure)

    def handle_loss(self, error: httpx.TransportError) -> None:
        """Handle a connection that broke, fell silent or could not be opened: schedule a retry, or raise."""
        if not self._begun and (is_unsent(error) or self._run_id):
            raise unreachable_error(error) from error
        self._schedule_retry(f"the connection broke ({type(error).__name__})", error)

    def _schedule_retry(self, why: str, cause: Refused | NotADesk | httpx.TransportError | None = None) -> None:
        if self._run_id is None:
            raise unknown_fate_error() from cause
        asked = None if isinstance(cause, httpx.TransportError | None) else cause.retry_after
        pause = self._retries.next_pause(asked or 0.0)
        if pause is None:
            raise self._broken_error(why) from cause
        self._next = ConnectionAttempt(endpoints.follow(self._run_id, self._last).request, pause)

    def _accept_frame(self, frame: SseFrame) -> Event | None:
        event = EVENTS.validate_json(frame.data)
        self._retries.record_contact()
        if isinstance(event, Heartbeat):
            return None
        # The desk cannot number an event it cannot store; no other error comes without a number.
        if frame.id is not None or not isinstance(event, Error):
            if frame.id != str(self._last + 1):
                raise FrameInvalid(f"event {str(frame.id)[:20]} came where {self._last + 1} was due")
            self._last += 1
            self._retries.record_progress()
        if isinstance(event, Start):
            self._run_id = self._run_id or event.run_id
        if isinstance(event, Done | Cancelled | Error):
            self._next = None
        return event

    def _broken_error(self, why: str) -> ClientError:
        return StreamBroken(f"{why}; the answer is not whole", self._run_id, self._last)
