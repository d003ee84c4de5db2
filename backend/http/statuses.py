"""The HTTP status of every typed error."""

from agents.errors import (
    AgentDisabled,
    AgentUnknown,
    DownloadUnderWay,
    FolderUnknown,
    LastAgent,
    LocalModelInUse,
    LocalModelUnknown,
    ModelLoading,
    ModelsUnavailable,
    ToolResultUnknown,
)
from backend.auth.errors import KeyInSettings, KeysUnused, KeyUnknown, TooManyKeys
from backend.errors import (
    AgentExists,
    AgentIdMismatch,
    BudgetSpent,
    HandoffUnknown,
    KeyRefused,
    MessageInvalid,
    MessageTooLong,
    ModelAddressRefused,
    ModelDoorsClosed,
    NotAllowed,
    NotNow,
    NotReady,
    PersonUnknown,
    RemovalUnderWay,
    RunExists,
    RunNotLast,
    RunTimedOut,
    RunUnknown,
    SessionTaken,
    ShuttingDown,
    StorageFailed,
    ThreadBusy,
    ThreadUnknown,
    TooManyAgents,
)
from backend.http.errors import RequestRefused
from knowledge.errors import (
    DatabaseDamaged,
    DeskError,
    DocumentsForgotten,
    DocumentsNotFound,
    DocumentSuperseded,
    DocumentUnknown,
    DocumentUnreadable,
    IndexUnavailable,
    OwnQuotaReached,
    StorageFull,
)

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
    HandoffUnknown: 404,
    KeyUnknown: 404,
    LocalModelUnknown: 404,
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
    LocalModelInUse: 409,
    DownloadUnderWay: 409,
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
    DocumentSuperseded: 409,
}


def status_of(error: DeskError) -> int:
    """Return the HTTP status with which an error is answered."""
    if isinstance(error, RequestRefused):
        return error.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


# A stored run records only the code of its error.
STATUS_BY_CODE = {kind.code: status for kind, status in _STATUS.items()}
