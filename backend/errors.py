"""Errors of the service, and the HTTP status of every error of the desk.

knowledge.errors.DeskError
└── BackendError
    ├── MessageInvalid      a message that is empty, too long or not text
    ├── ThreadBusy          the conversation is still answering the question before
    ├── RunUnknown          no run of that id
    ├── AgentExists         an agent of that id is there already
    ├── TooManyAgents       no room for one more
    ├── AgentIdMismatch     the body names another agent than the address does
    ├── ModelAddressRefused a model server that the operator has not named
    ├── RunTimedOut         no end within RUN_TIMEOUT_SECONDS
    ├── ShuttingDown        no new questions any more
    ├── StorageFailed       the log could not be written
    └── BindRefused         an address that the desk will not listen on
"""

from agents.errors import AgentDisabled, AgentUnknown, FolderUnknown, LastAgent, ModelLoading, ModelsUnavailable
from knowledge.errors import DeskError, DocumentsNotFound, DocumentUnknown, DocumentUnreadable, IndexUnavailable


class BackendError(DeskError):
    """Anything about serving."""

    code = "backend_error"


class MessageInvalid(BackendError):
    """Refused before a run exists."""

    code = "message_invalid"


class ThreadBusy(BackendError):
    """Two answers at once in one conversation would be interleaved."""

    code = "thread_busy"
    retryable = True


class RunUnknown(BackendError):
    """No run of that id."""

    code = "run_not_found"


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


class RunTimedOut(BackendError):
    """The run was stopped."""

    code = "run_timeout"
    retryable = True


class ShuttingDown(BackendError):
    """Said between the signal and the end of the process."""

    code = "shutting_down"
    retryable = True


class StorageFailed(BackendError):
    """Nothing is shown that is not stored, so the run ends here."""

    code = "storage_failed"
    retryable = True


class BindRefused(BackendError):
    """Said at start-up."""

    code = "bind_refused"


_STATUS: dict[type[DeskError], int] = {
    MessageInvalid: 422,
    DocumentUnreadable: 422,
    AgentIdMismatch: 422,
    ModelAddressRefused: 422,
    DocumentsNotFound: 404,
    DocumentUnknown: 404,
    AgentUnknown: 404,
    FolderUnknown: 404,
    RunUnknown: 404,
    ThreadBusy: 409,
    AgentDisabled: 409,
    AgentExists: 409,
    LastAgent: 409,
    TooManyAgents: 409,
    IndexUnavailable: 503,
    ShuttingDown: 503,
    StorageFailed: 503,
    ModelsUnavailable: 503,
    ModelLoading: 503,
    RunTimedOut: 504,
}


def status_of(error: DeskError) -> int:
    """The HTTP status an error is answered with."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


# A run's stored error is known by its code alone.
STATUS_BY_CODE = {kind.code: status for kind, status in _STATUS.items()}
