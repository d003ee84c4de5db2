"""The errors of the clients.

ClientError
├── IdInvalid       an id that no desk issues; nothing was sent
├── Refused         the desk refused the request, with its own code and message
├── NotADesk        the server is not a desk, or not one that this client understands
├── Unreachable     the server does not answer, or not completely
└── StreamBroken    an answer was in progress and its end did not arrive
"""


class ClientError(Exception):
    """An error with a stable code, a message that says what to do, and whether a retry may help."""

    code = "client_error"
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class IdInvalid(ClientError):
    """An id that would lead to another endpoint than intended."""

    code = "id_invalid"


class Refused(ClientError):
    """The desk's own error: `{"error": {"code", "message", "retryable"}}`. `retry_after` is in seconds."""

    def __init__(self, status: int, code: str, message: str, retryable: bool, retry_after: float | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} ({self.code}, HTTP {self.status})"


class NotADesk(ClientError):
    """A reply from another server, a proxy in between, or a desk of another version."""

    code = "not_a_desk"

    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Unreachable(ClientError):
    """A failed connection. The message says if the request may have been processed all the same."""

    code = "unreachable"
    retryable = True


class StreamBroken(ClientError):
    """A broken stream.

    With a `run_id`, `follow(run_id, after)` may return the rest. Without one the question may have been taken.
    """

    code = "stream_broken"

    def __init__(self, message: str, run_id: str | None = None, after: int = -1) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.after = after
        self.retryable = run_id is not None
