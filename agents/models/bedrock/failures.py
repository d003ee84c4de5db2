"""Map errors of the AWS SDK to failures."""

import re

import urllib3
from botocore import eventstream
from botocore import exceptions as boto
from langchain_core.exceptions import ContextOverflowError

from agents.models.failures import FailureKind, ModelFailure, of_status, seconds_of

# Errors are named with a capital in a response and without one in a stream.
_KINDS = {
    "throttlingexception": FailureKind.THROTTLED,
    "servicequotaexceededexception": FailureKind.THROTTLED,
    "modelnotreadyexception": FailureKind.LOADING,
    "modelerrorexception": FailureKind.BAD_ANSWER,
    "modeltimeoutexception": FailureKind.SERVER_ERROR,
    "modelstreamerrorexception": FailureKind.BROKEN,
    "internalserverexception": FailureKind.SERVER_ERROR,
    "serviceunavailableexception": FailureKind.SERVER_ERROR,
    "expiredtokenexception": FailureKind.REFUSED,
    "unrecognizedclientexception": FailureKind.REFUSED,
    "accessdeniedexception": FailureKind.REFUSED,
    "invalidsignatureexception": FailureKind.REFUSED,
    "signaturedoesnotmatch": FailureKind.REFUSED,
    "resourcenotfoundexception": FailureKind.UNKNOWN_MODEL,
}
# The first match counts.
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], FailureKind], ...] = (
    ((ContextOverflowError,), FailureKind.TOO_LONG),
    ((boto.NoCredentialsError,), FailureKind.NO_CREDENTIALS),
    # Credentials were given, but they are unusable.
    ((boto.PartialCredentialsError, boto.ProfileNotFound, boto.InvalidConfigError), FailureKind.REFUSED),
    ((boto.SSOError, boto.TokenRetrievalError, boto.CredentialRetrievalError), FailureKind.REFUSED),
    ((boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError), FailureKind.UNREACHABLE),
    ((boto.SSLError,), FailureKind.UNREACHABLE),
    ((boto.ReadTimeoutError, urllib3.exceptions.ReadTimeoutError), FailureKind.STALLED),
    (
        (boto.HTTPClientError, urllib3.exceptions.HTTPError, eventstream.ParserError, ConnectionError),
        FailureKind.BROKEN,
    ),
    ((boto.BotoCoreError,), FailureKind.BAD_REQUEST),
    # A body that is no answer of Bedrock's.
    ((ValueError, KeyError), FailureKind.BROKEN),
)
_UNKNOWN_MODEL = re.compile(r"model identifier is invalid|on-demand throughput|isn't supported", re.IGNORECASE)


def failure_of(error: Exception) -> ModelFailure | None:
    """Return the failure behind an error, or None if the error is not the SDK's."""
    if isinstance(error, ModelFailure):
        return error
    if isinstance(error, boto.ClientError) and not isinstance(error, ContextOverflowError):
        return _of_response(error)
    kind = next((kind for types, kind in _BY_TYPE if isinstance(error, types)), None)
    return ModelFailure(kind, type(error).__name__) if kind else None


def _of_response(error: boto.ClientError) -> ModelFailure:
    code = str(error.response.get("Error", {}).get("Code", ""))
    answered = error.response.get("ResponseMetadata", {})
    status = int(answered.get("HTTPStatusCode", 0))
    if _UNKNOWN_MODEL.search(str(error)):
        return ModelFailure(FailureKind.UNKNOWN_MODEL, of_status(status, code).detail)
    if kind := _KINDS.get(code.lower()):
        shown = of_status(status, code).detail if status else code
        return ModelFailure(kind, shown, seconds_of(answered.get("HTTPHeaders", {}).get("retry-after")))
    return of_status(status, code) if status else ModelFailure(FailureKind.BROKEN)
