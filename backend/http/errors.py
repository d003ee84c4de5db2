"""The errors of requests that are refused before they reach an endpoint.

backend.errors.BackendError
├── RequestRefused          with the status of each class
│   ├── RequestMalformed        400: not HTTP/1.1
│   ├── OriginRefused           403: a page of another site, or a host name that is not local
│   ├── RequestTooSlow          408: headers or body did not arrive in time
│   ├── BodyTooLarge            413: more than MAX_BODY_BYTES, or MAX_DOCUMENT_BYTES where documents are uploaded
│   ├── TargetTooLong           414: a path and query of more than 8 KB
│   └── HeadersTooLarge         431: more than 64 KB of headers, or 200 of them
└── NotNow
    └── TooManyConnections  429: MAX_ADDRESS_CONNECTIONS
"""

from typing import ClassVar

from backend.errors import BackendError, NotNow


class RequestRefused(BackendError):
    """Base class of refused requests, each class with its HTTP status."""

    status: ClassVar[int]


class RequestMalformed(RequestRefused):
    """The parser cannot continue, so the connection is closed."""

    code = "malformed_request"
    status = 400

    def __init__(self) -> None:
        super().__init__("This is not a valid HTTP/1.1 request.")


class AddressUnknown(RequestRefused):
    """The path holds a NUL, so it can name nothing that is stored."""

    code = "not_found"
    status = 404

    def __init__(self) -> None:
        super().__init__("There is nothing at this address; see /openapi.json for what there is.")


class QueryInvalid(RequestRefused):
    """The query holds a NUL, which not every database stores or compares."""

    code = "invalid_request"
    status = 422

    def __init__(self) -> None:
        super().__init__("The query must not hold a NUL character.")


class OriginRefused(RequestRefused):
    """The request comes from a page of a site that CORS_ORIGINS does not name, or uses a foreign host name."""

    code = "origin_refused"
    status = 403

    def __init__(self) -> None:
        super().__init__("This desk answers only requests from its own address.")


class RequestTooSlow(RequestRefused):
    """The request is slower than HEADER_SECONDS or MIN_BODY_RATE permit."""

    code = "request_too_slow"
    status = 408
    retryable = True

    def __init__(self) -> None:
        super().__init__("The request did not come in time; send it again.")


class BodyTooLarge(RequestRefused):
    """The body exceeds its limit; the client is told as soon as that is known."""

    code = "body_too_large"
    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"The body is larger than {most:,} bytes.")


class TargetTooLong(RequestRefused):
    """The path and query are longer than those of any endpoint."""

    code = "uri_too_long"
    status = 414

    def __init__(self, most: int) -> None:
        super().__init__(f"The address is longer than {most:,} bytes.")


class HeadersTooLarge(RequestRefused):
    """The headers or trailers, which are held in memory until they are complete, exceed their limit."""

    code = "headers_too_large"
    status = 431

    def __init__(self, most: int, number: int) -> None:
        super().__init__(f"There are more than {most:,} bytes of headers, or more than {number} headers.")


class TooManyConnections(NotNow):
    """The client's address has reached MAX_ADDRESS_CONNECTIONS."""

    code = "too_many_connections"
