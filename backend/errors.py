"""Errors of the service, and the HTTP status of every error of the desk.

knowledge.errors.DeskError
└── BackendError
    ├── MessageInvalid      a message that is empty or not text
    ├── MessageTooLong      a message of more than MAX_MESSAGE_CHARS
    ├── ThreadBusy          the conversation is still answering the question before
    ├── ThreadUnknown       no conversation of that id that is this user's
    ├── SessionTaken        a conversation cannot come back: its session has begun another
    ├── HandoverUnknown     no hand-over of that id
    ├── RemovalUnderWay     what the desk holds of the user is being deleted
    ├── PersonUnknown       the desk holds nothing of a user of that name
    ├── RunUnknown          no run of that id that is this user's
    ├── RunNotLast          another question has come after the run that is to be replaced
    ├── RunExists           the id that a client gives its run is taken
    ├── RequestRefused      backend.http.errors: refused before a door sees it
    ├── KeyRefused          no key, or none that is known and still good
    ├── NotAllowed          only an operator may do that
    │   └── ScopeMissing        the key is for something else
    ├── KeyUnknown          no key of that id
    ├── KeyInSettings       a key of API_KEYS cannot be revoked while the desk serves
    ├── KeysUnused          this desk asks for no keys
    ├── TooManyKeys         no room for one more
    ├── ModelDoorsClosed    nobody may ask a model without an agent here
    ├── NotNow              come again later
    │   ├── BudgetSpent         the user's budget of the day is used up
    │   ├── RateLimited         the user asks too often
    │   ├── QueueFull           too many messages wait in one conversation
    │   ├── TooManyRuns         the desk answers as many questions as it can
    │   └── TooManyStreams      as many streams are open as there may be
    ├── AgentExists         an agent of that id is there already
    ├── TooManyAgents       no room for one more
    ├── AgentIdMismatch     the body names another agent than the address does
    ├── ModelAddressRefused a model server that the operator has not named
    ├── Unexpected          whatever nobody foresaw
    ├── RunTimedOut         no end within RUN_TIMEOUT_SECONDS
    ├── ShuttingDown        no new questions any more
    ├── NotReady            the desk is opening or closing, or has no model to answer with
    ├── StorageFailed       the log could not be written
    ├── BackupNotMade       a backup that cannot be made there
    ├── BackupUnusable      a backup that cannot be restored
    ├── DirectoryNotEmpty   a backup is restored into a directory that holds something
    ├── BindRefused         an address that the desk will not listen on
    └── WebDeskUnbuilt      the pages could not be made
"""

from typing import Any

from agents.errors import (
    AgentDisabled,
    AgentUnknown,
    FolderUnknown,
    LastAgent,
    ModelLoading,
    ModelsUnavailable,
    ToolResultUnknown,
)
from knowledge.errors import (
    DatabaseDamaged,
    DeskError,
    DocumentsForgotten,
    DocumentsNotFound,
    DocumentUnknown,
    DocumentUnreadable,
    IndexUnavailable,
    OwnQuotaReached,
    StorageFull,
)


class BackendError(DeskError):
    """Anything about serving."""

    code = "backend_error"


class MessageInvalid(BackendError):
    """Refused before a run exists."""

    code = "message_invalid"


class MessageTooLong(BackendError):
    """Refused before a run exists."""

    code = "message_too_long"


class ThreadBusy(BackendError):
    """Two answers at once in one conversation would be interleaved."""

    code = "thread_busy"
    retryable = True


class ThreadUnknown(BackendError):
    """Nobody learns whether it is somebody else's."""

    code = "thread_not_found"


class SessionTaken(BackendError):
    """Of one session there is one conversation at a time."""

    code = "session_taken"


class HandoverUnknown(BackendError):
    """No hand-over of that id that this user may see."""

    code = "handover_not_found"


class RemovalUnderWay(BackendError):
    """Whatever began now would be deleted with the rest, or would come back after it."""

    code = "removal_under_way"
    retryable = True


class PersonUnknown(BackendError):
    """No key and nothing stored is of a user of that name."""

    code = "person_not_found"


class RunUnknown(BackendError):
    """Nobody learns whether it is somebody else's."""

    code = "run_not_found"


class RunExists(BackendError):
    """Two runs of one id would share a log."""

    code = "run_exists"


class RunNotLast(BackendError):
    """What came after it was said with its answer in mind."""

    code = "run_not_last"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} is not the last of this conversation; only the last can be asked again")


class KeyRefused(BackendError):
    """Said of every key that lets nobody in, whatever is wrong with it."""

    code = "key_refused"


class NotAllowed(BackendError):
    """What concerns every user is for operators."""

    code = "not_allowed"


class ScopeMissing(NotAllowed):
    """A key may be used for what it was made for."""

    code = "scope_missing"


class KeyUnknown(BackendError):
    """No key of that id was made."""

    code = "key_not_found"


class KeyInSettings(BackendError):
    """Whoever may change the settings revokes it there."""

    code = "key_in_settings"


class KeysUnused(BackendError):
    """Without API_KEYS everybody is let in."""

    code = "keys_unused"


class TooManyKeys(BackendError):
    """Each key is held in memory, so their number has a limit."""

    code = "too_many_keys"


class ModelDoorsClosed(BackendError):
    """LLM_DOORS."""

    code = "llm_doors_closed"


class NotNow(BackendError):
    """The same request may succeed after `retry_after` seconds."""

    code = "not_now"
    retryable = True

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BudgetSpent(NotNow):
    """Checked before any provider is called."""

    code = "budget_spent"


class RateLimited(NotNow):
    """RATE_LIMIT."""

    code = "rate_limited"


class QueueFull(NotNow):
    """MAX_QUEUED."""

    code = "queue_full"


class TooManyRuns(NotNow):
    """MAX_RUNS."""

    code = "too_many_runs"


class TooManyStreams(NotNow):
    """MAX_STREAMS."""

    code = "too_many_streams"


class AgentExists(BackendError):
    """Two agents cannot share an id."""

    code = "agent_exists"


class TooManyAgents(BackendError):
    """Each question is compared with every agent, so their number has a limit."""

    code = "too_many_agents"


class AgentIdMismatch(BackendError):
    """An agent keeps its id for life."""

    code = "agent_id_mismatch"


class ModelAddressRefused(BackendError):
    """Whoever may change agents may not send the desk, with its key, to any address of the network."""

    code = "model_address_refused"


class Unexpected(BackendError):
    """Its cause is in the log."""

    code = "internal_error"
    retryable = True


class RunTimedOut(BackendError):
    """The run was stopped."""

    code = "run_timeout"
    retryable = True


class ShuttingDown(BackendError):
    """Said between the signal and the end of the process."""

    code = "shutting_down"
    retryable = True


class NotReady(BackendError):
    """Said at /ready, and everywhere until the desk is open."""

    code = "not_ready"
    retryable = True


class StorageFailed(BackendError):
    """Nothing is shown that is not stored, so the run ends here."""

    code = "storage_failed"
    retryable = True


class BackupNotMade(BackendError):
    """Nothing is overwritten, and nothing is left where it was to be."""

    code = "backup_not_made"


class BackupUnusable(BackendError):
    """Not whole, not a backup, or no longer as it was made."""

    code = "backup_unusable"


class DirectoryNotEmpty(BackendError):
    """What is there is kept unless somebody says that it may be moved away."""

    code = "directory_not_empty"


class BindRefused(BackendError):
    """Said at start-up."""

    code = "bind_refused"


class WebDeskUnbuilt(BackendError):
    """Said at start-up."""

    code = "web_desk_unbuilt"


_STATUS: dict[type[DeskError], int] = {
    MessageInvalid: 422,
    DocumentUnreadable: 422,
    AgentIdMismatch: 422,
    ModelAddressRefused: 422,
    ToolResultUnknown: 422,
    DocumentsNotFound: 404,
    DocumentUnknown: 404,
    AgentUnknown: 404,
    FolderUnknown: 404,
    RunUnknown: 404,
    ThreadUnknown: 404,
    HandoverUnknown: 404,
    KeyUnknown: 404,
    PersonUnknown: 404,
    KeyRefused: 401,
    NotAllowed: 403,
    ModelDoorsClosed: 403,
    BudgetSpent: 402,
    NotNow: 429,
    MessageTooLong: 413,
    RunExists: 409,
    RunNotLast: 409,
    SessionTaken: 409,
    ThreadBusy: 409,
    RemovalUnderWay: 409,
    AgentDisabled: 409,
    AgentExists: 409,
    LastAgent: 409,
    TooManyAgents: 409,
    KeyInSettings: 409,
    KeysUnused: 409,
    TooManyKeys: 409,
    IndexUnavailable: 503,
    ShuttingDown: 503,
    NotReady: 503,
    StorageFailed: 503,
    DatabaseDamaged: 503,
    ModelsUnavailable: 503,
    ModelLoading: 503,
    RunTimedOut: 504,
    StorageFull: 507,
    OwnQuotaReached: 409,
    DocumentsForgotten: 409,
}


def status_of(error: DeskError) -> int:
    """The HTTP status an error is answered with."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


def body_of(code: str, message: str, *, retryable: bool = False) -> dict[str, Any]:
    """The one shape in which an error is told, over HTTP and in every frame."""
    return {"error": {"code": code, "message": message, "retryable": retryable}}


# A run's stored error is known by its code alone.
STATUS_BY_CODE = {kind.code: status for kind, status in _STATUS.items()}
