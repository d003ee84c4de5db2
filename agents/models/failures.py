"""Why a model did not answer, and the consequences. Text from a provider is never repeated: it may hold a key."""

from dataclasses import dataclass
from enum import StrEnum

from frontdesk.contracts.events import Usage

# The error names that may be quoted. Any other name in an error may be anything, even a key.
_ERROR_NAMES = frozenset(
    """
    AccessDeniedException ExpiredTokenException IncompleteSignatureException InternalServerException
    InvalidSignatureException ModelErrorException ModelNotReadyException ModelStreamErrorException ModelTimeoutException
    ResourceNotFoundException ServiceQuotaExceededException ServiceUnavailableException SignatureDoesNotMatch
    ThrottlingException UnrecognizedClientException ValidationException
    billing_hard_limit_reached context_length_exceeded insufficient_quota invalid_api_key invalid_request_error
    model_not_found rate_limit_exceeded server_error tokens_exceeded unsupported_country_region_territory
    unsupported_parameter unsupported_value
    """.split()
)


class FailureKind(StrEnum):
    """The kind of a model failure."""

    NO_CREDENTIALS = "no_credentials"
    REFUSED = "refused"
    UNKNOWN_MODEL = "unknown_model"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    LOADING = "loading"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    BROKEN = "broken"
    BUSY = "busy"
    BAD_REQUEST = "bad_request"
    TOO_LONG = "too_long"
    BAD_ANSWER = "bad_answer"


class FailureScope(StrEnum):
    """The scope avoided for a while after a failure: all of the provider, one of its models, or nothing."""

    PROVIDER = "provider"
    MODEL = "model"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Consequence:
    """The meaning of a kind of failure, its blame, and whether a retry is worthwhile."""

    meaning: str
    blame: FailureScope
    worth_another_try: bool = False


CONSEQUENCES = {
    FailureKind.NO_CREDENTIALS: Consequence("no credentials", FailureScope.NOBODY),
    FailureKind.REFUSED: Consequence("refused the credentials or lacks permission", FailureScope.MODEL),
    FailureKind.UNKNOWN_MODEL: Consequence("does not know the model", FailureScope.MODEL),
    FailureKind.THROTTLED: Consequence("is throttling", FailureScope.MODEL, worth_another_try=True),
    FailureKind.SERVER_ERROR: Consequence("failed", FailureScope.PROVIDER, worth_another_try=True),
    FailureKind.UNREACHABLE: Consequence("cannot be reached", FailureScope.PROVIDER),
    FailureKind.LOADING: Consequence("is still loading its model", FailureScope.MODEL),
    FailureKind.TIMED_OUT: Consequence("did not begin to answer in time", FailureScope.PROVIDER),
    FailureKind.STALLED: Consequence("stopped in the middle of its answer", FailureScope.PROVIDER),
    FailureKind.BROKEN: Consequence("broke off", FailureScope.PROVIDER, worth_another_try=True),
    FailureKind.BUSY: Consequence("has as many calls under way as MODEL_CONNECTIONS allows", FailureScope.NOBODY),
    FailureKind.BAD_REQUEST: Consequence("does not accept the request", FailureScope.NOBODY),
    FailureKind.TOO_LONG: Consequence("cannot take a prompt of this length", FailureScope.NOBODY),
    FailureKind.BAD_ANSWER: Consequence("gave an answer that cannot be used", FailureScope.NOBODY),
}

_STATUS = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.REFUSED,
    403: FailureKind.REFUSED,
    404: FailureKind.UNKNOWN_MODEL,
    408: FailureKind.SERVER_ERROR,
}
_STATUS |= {
    413: FailureKind.TOO_LONG,
    422: FailureKind.BAD_REQUEST,
    424: FailureKind.BAD_ANSWER,
    429: FailureKind.THROTTLED,
}


class ModelFailure(Exception):
    """A model did not give a whole answer. `str()` is fit for traces and logs."""

    def __init__(self, kind: FailureKind, detail: str = "", retry_after: float | None = None) -> None:
        self.kind = kind
        self.consequence = CONSEQUENCES[kind]
        self.detail = detail
        self.retry_after = retry_after
        # The tokens used all the same, if the failure came in the middle.
        self.usage: Usage | None = None
        super().__init__(self.consequence.meaning + (f" ({detail})" if detail else ""))


def of_status(status: int, error_name: str = "", retry_after: float | None = None) -> ModelFailure:
    """Return the failure behind an HTTP status."""
    kind = _STATUS.get(status, FailureKind.SERVER_ERROR if status >= 500 else FailureKind.BAD_REQUEST)
    named = f", {error_name}" if error_name in _ERROR_NAMES else ""
    return ModelFailure(kind, f"HTTP {status}{named}", retry_after)


def seconds_of(retry_after: str | None) -> float | None:
    """Parse a `Retry-After` header that is a number of seconds; None for any other."""
    try:
        return float(retry_after) if retry_after else None
    except ValueError:
        return None
