"""Errors of the service; `backend.http.statuses` has the HTTP status of each.

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
    ├── backend.auth.errors     keys that are made and revoked
    ├── ModelDoorsClosed    nobody may ask a model without an agent here
    ├── NotNow              come again later
    │   ├── BudgetSpent         the user's budget of the day is used up
    │   ├── RateLimited         the user asks too often
    │   ├── QueueFull           too many messages wait in one conversation
    │   ├── TooManyRuns         the desk answers as many questions as it can
    │   ├── TooManyStreams      as many streams are open as there may be
    │   └── ExportUnderWay      a copy of this user's data is being downloaded already
    ├── AgentExists         an agent of that id is there already
    ├── TooManyAgents       no room for one more
    ├── AgentIdMismatch     the body names another agent than the address does
    ├── ModelAddressRefused a model server that the operator has not named
    ├── Unexpected          whatever nobody foresaw
    ├── RunTimedOut         no end within RUN_TIMEOUT_SECONDS
    ├── ShuttingDown        no new questions any more
    ├── NotReady            the desk is opening or closing, or has no model to answer with
    ├── StorageFailed       the log could not be written
    ├── backend.maintenance.errors  backups
    ├── BindRefused         an address that the desk will not listen on
    ├── BindFailed          an address that the desk cannot listen on
    └── WebDeskUnbuilt      the pages could not be made
"""

from typing import Any

from knowledge.errors import DeskError


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


class ExportUnderWay(NotNow):
    """One copy of a user's data at a time."""

    code = "export_under_way"


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


class BindRefused(BackendError):
    """Said at start-up."""

    code = "bind_refused"


class BindFailed(BackendError):
    """Said at start-up, before anything is loaded."""

    code = "bind_failed"


class WebDeskUnbuilt(BackendError):
    """Said at start-up."""

    code = "web_desk_unbuilt"


def body_of(code: str, message: str, *, retryable: bool = False) -> dict[str, Any]:
    """The one shape in which an error is told, over HTTP and in every frame."""
    return {"error": {"code": code, "message": message, "retryable": retryable}}
