"""Requests that are refused before a door sees them.

backend.errors.BackendError
├── RequestRefused          with the status of each class
│   ├── RequestMalformed        400: not HTTP/1.1
│   ├── OriginRefused           403: a page of another site, or a host name that is not this machine's
│   ├── RequestTooSlow          408: the headers or the body did not come in time
│   ├── BodyTooLarge            413: more than MAX_BODY_BYTES, or MAX_DOCUMENT_BYTES where documents are taken
│   ├── TargetTooLong           414: a path and query of more than 8 KB
│   └── HeadersTooLarge         431: more than 64 KB of headers, or 200 of them
└── NotNow
    └── TooManyConnections  429: MAX_ADDRESS_CONNECTIONS
"""

from typing import ClassVar

from backend.errors import BackendError, NotNow


class RequestRefused(BackendError):
    """Each class has one status."""

    status: ClassVar[int]


class RequestMalformed(RequestRefused):
    """The parser cannot read on, so the connection ends."""

    code = "malformed_request"
    status = 400

    def __init__(self) -> None:
        super().__init__("This is not a valid HTTP/1.1 request.")


class OriginRefused(RequestRefused):
    """Said of every page that CORS_ORIGINS does not name."""

    code = "origin_refused"
    status = 403

    def __init__(self) -> None:
        super().__init__("This desk answers only requests from its own address.")


class RequestTooSlow(RequestRefused):
    """HEADER_SECONDS and MIN_BODY_RATE."""

    code = "request_too_slow"
    status = 408
    retryable = True

    def __init__(self) -> None:
        super().__init__("The request did not come in time; send it again.")


class BodyTooLarge(RequestRefused):
    """Said as soon as it is known."""

    code = "body_too_large"
    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"The body is larger than {most:,} bytes.")


class TargetTooLong(RequestRefused):
    """No door has an address of that length."""

    code = "uri_too_long"
    status = 414

    def __init__(self, most: int) -> None:
        super().__init__(f"The address is longer than {most:,} bytes.")


class HeadersTooLarge(RequestRefused):
    """Headers and trailers are held in memory until they are whole."""

    code = "headers_too_large"
    status = 431

    def __init__(self, most: int, number: int) -> None:
        super().__init__(f"There are more than {most:,} bytes of headers, or more than {number} headers.")


class TooManyConnections(NotNow):
    """MAX_ADDRESS_CONNECTIONS."""

    code = "too_many_connections"
