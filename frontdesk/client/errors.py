"""What can go wrong between a client and a desk.

DeskError
├── IdInvalid       an id that no desk gives; nothing was sent
├── Refused         the desk said no, in its own words
├── NotADesk        what answers there is not a desk, or not one that this client understands
├── Unreachable     nothing answers there, or not to the end
└── StreamBroken    an answer was under way and its end did not come
"""


class DeskError(Exception):
    """A stable code, a message that says what to do, and whether asking again may help."""

    code = "client_error"
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class IdInvalid(DeskError):
    """It would lead to another door than the one that was meant."""

    code = "id_invalid"


class Refused(DeskError):
    """The desk's own error: `{"error": {"code", "message", "retryable"}}`. `retry_after` is in seconds."""

    def __init__(self, status: int, code: str, message: str, retryable: bool, retry_after: float | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} ({self.code}, HTTP {self.status})"


class NotADesk(DeskError):
    """Another server, a proxy in between, or a desk of another version."""

    code = "not_a_desk"

    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Unreachable(DeskError):
    """The message says whether the request may have been taken all the same."""

    code = "unreachable"
    retryable = True


class StreamBroken(DeskError):
    """With a `run_id`, `follow(run_id, after)` may have the rest. Without one the question may have been taken."""

    code = "stream_broken"

    def __init__(self, message: str, run_id: str | None = None, after: int = -1) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.after = after
        self.retryable = run_id is not None
