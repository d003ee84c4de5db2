"""Replies of bounded size, and the errors for replies that report a failure or never arrive."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from pydantic import ValidationError

from frontdesk.client.errors import NotADesk, Refused, StreamBroken, Unreachable
from frontdesk.contracts.base import ErrorBody

MAX_BODY_BYTES = 64_000_000

# Errors raised before the first byte of a request leaves this machine.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class HttpReply:
    """A reply: status, headers, and the body as it arrives."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self._headers = headers
        self._body = bytearray()

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_stream(self) -> bool:
        """True if an event stream follows."""
        return self.status == 200 and self._headers.get("content-type", "").startswith("text/event-stream")

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    def add_chunk(self, chunk: bytes) -> None:
        """Append a piece of the body."""
        self._body += chunk
        if len(self._body) > MAX_BODY_BYTES:
            raise NotADesk(f"the answer is larger than {MAX_BODY_BYTES:,} bytes", self.status)

    def to_error(self) -> Refused | NotADesk:
        """Return the error that this reply reports."""
        try:
            problem = ErrorBody.model_validate_json(self.body).error
        except ValidationError:
            message = f"what answers there is not a desk that this client knows (HTTP {self.status}); check its address"
            return NotADesk(message, self.status, self._retry_after())
        return Refused(self.status, problem.code, problem.message, problem.retryable, self._retry_after())

    def _retry_after(self) -> float | None:
        value = self._headers.get("retry-after", "").strip()
        if value.isascii() and value.isdecimal():
            return float(value[:9])
        try:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):  # not a date, or one without a time zone
            return None


def is_unsent(error: httpx.TransportError) -> bool:
    """Tell whether the failure proves that the server has seen nothing of the request."""
    return isinstance(error, _UNSENT)


def unreachable_error(error: httpx.TransportError, *, changes: bool = False) -> Unreachable:
    """Build the error for a lost connection; `changes` if the server may have carried out the request."""
    where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
    message = f"the desk at {where} does not answer ({type(error).__name__}: {error})"
    if changes and not is_unsent(error):
        message += "; it may or may not have done what was asked"
    return Unreachable(message)


def unknown_fate_error() -> StreamBroken:
    """Build the error for a question of unknown fate; resending it could have it answered, and paid for, twice."""
    return StreamBroken(
        "the connection broke before the desk named its run; the question may or may not have been taken"
    )
