"""Errors of the service; `backend.http.statuses` has the HTTP status of each.

knowledge.errors.DeskError
└── BackendError
    ├── MessageInvalid      a message that is empty or not text
    ├── MessageTooLong      a message of more than MAX_MESSAGE_CHARS
    ├── ThreadBusy          the conversation is still answering the question before
    ├── ThreadUnknown       no conversation of that id that is this user's
    ├── SessionTaken        a conversation cannot come back: its session has begun another
    ├── HandoffUnknown     no hand-over of that id
    ├── RemovalUnderWay     what the desk holds of the user is being deleted
    ├── PersonUnknown       the desk holds nothing of a user of that name
    ├── RunUnknown          no run of that id that is this user's
    ├── RunNotLast          another question has come after the run that is to be replaced
    ├── RunExists           the id that a client gives its run is taken
    ├── RequestRefused      backend.http.errors: refused before it reaches an endpoint
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
    ├── Unexpected          an error that nobody foresaw
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
    """An error of the service."""

    code = "backend_error"


class MessageInvalid(BackendError):
    """A message that is empty or not text, refused before a run exists."""

    code = "message_invalid"


class MessageTooLong(BackendError):
    """A message above MAX_MESSAGE_CHARS, refused before a run exists."""

    code = "message_too_long"


class ThreadBusy(BackendError):
    """A question while its conversation still answers: two answers at once would be interleaved."""

    code = "thread_busy"
    retryable = True


class ThreadUnknown(BackendError):
    """No conversation of that id that is this user's; whether it is another user's is not revealed."""

    code = "thread_not_found"


class SessionTaken(BackendError):
    """A restore while the session has begun another conversation: there is one at a time."""

    code = "session_taken"


class HandoffUnknown(BackendError):
    """No hand-over of that id that this user may see."""

    code = "handover_not_found"


class RemovalUnderWay(BackendError):
    """A request while the user's data is deleted: it would be deleted with the rest, or come back after it."""

    code = "removal_under_way"
    retryable = True


class PersonUnknown(BackendError):
    """No key and nothing stored for a user of that name."""

    code = "person_not_found"


class RunUnknown(BackendError):
    """No run of that id that is this user's; whether it is another user's is not revealed."""

    code = "run_not_found"


class RunExists(BackendError):
    """A run id that is taken: two runs of one id would share a log."""

    code = "run_exists"


class RunNotLast(BackendError):
    """A run to be replaced that later questions follow, which were asked with its answer in mind."""

    code = "run_not_last"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} is not the last of this conversation; only the last can be asked again")


class KeyRefused(BackendError):
    """A key that is missing, unknown, revoked or expired: one code for every key that admits nobody."""

    code = "key_refused"


class NotAllowed(BackendError):
    """An action for operators alone, since it concerns every user."""

    code = "not_allowed"


class ScopeMissing(NotAllowed):
    """A key used for something other than its scopes."""

    code = "scope_missing"


class ModelDoorsClosed(BackendError):
    """A model endpoint closed by LLM_DOORS."""

    code = "llm_doors_closed"


class NotNow(BackendError):
    """A refusal for now: the same request may succeed after `retry_after` seconds."""

    code = "not_now"
    retryable = True

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BudgetSpent(NotNow):
    """A daily budget that is used up; checked before any provider is called."""

    code = "budget_spent"


class RateLimited(NotNow):
    """More requests than a rate limit such as RATE_LIMIT allows."""

    code = "rate_limited"


class QueueFull(NotNow):
    """More messages waiting in one conversation than MAX_QUEUED allows."""

    code = "queue_full"


class TooManyRuns(NotNow):
    """More runs under way than MAX_RUNS or MAX_USER_RUNS allows."""

    code = "too_many_runs"


class TooManyStreams(NotNow):
    """More open streams than MAX_STREAMS allows."""

    code = "too_many_streams"


class ExportUnderWay(NotNow):
    """A second copy of a user's data while one is being downloaded."""

    code = "export_under_way"


class AgentExists(BackendError):
    """An agent id that is taken."""

    code = "agent_exists"


class TooManyAgents(BackendError):
    """One agent too many: each question is compared with every agent, so their number has a limit."""

    code = "too_many_agents"


class AgentIdMismatch(BackendError):
    """Another id in the body than in the address: an agent keeps its id for life."""

    code = "agent_id_mismatch"


class ModelAddressRefused(BackendError):
    """A model address that the operator has not named: the desk must not send its key to just any address."""

    code = "model_address_refused"


class Unexpected(BackendError):
    """An error that nobody foresaw; its cause is in the log."""

    code = "internal_error"
    retryable = True


class RunTimedOut(BackendError):
    """A run stopped because it exceeded RUN_TIMEOUT_SECONDS."""

    code = "run_timeout"
    retryable = True


class ShuttingDown(BackendError):
    """A request between the stop signal and the end of the process."""

    code = "shutting_down"
    retryable = True


class NotReady(BackendError):
    """A desk that is opening or closing, or has no model; reported at /ready, and everywhere until it is open."""

    code = "not_ready"
    retryable = True


class StorageFailed(BackendError):
    """A log that cannot be written; nothing is shown that is not stored, so the run ends here."""

    code = "storage_failed"
    retryable = True


class BindRefused(BackendError):
    """An address that the desk will not listen on, reported at start-up."""

    code = "bind_refused"


class BindFailed(BackendError):
    """Said at start-up, before anything is loaded."""

    code = "bind_failed"


class WebDeskUnbuilt(BackendError):
    """Pages that could not be built, reported at start-up."""

    code = "web_desk_unbuilt"


def body_of(code: str, message: str, *, retryable: bool = False) -> dict[str, Any]:
    """Return the body of an error, the same over HTTP and in every frame."""
    return {"error": {"code": code, "message": message, "retryable": retryable}}
