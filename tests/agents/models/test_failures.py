"""Every way in which the providers fail, as the kind it is; and nothing of what they wrote is repeated."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from botocore import exceptions as boto
from langchain_core.exceptions import ContextOverflowError

from agents.models.bedrock.failures import failure_of
from agents.models.failures import CONSEQUENCES, FailureKind, FailureScope, ModelFailure, of_status, seconds_of
from agents.models.model_name import ModelName
from agents.models.streaming_call import ModelRequest
from tests.agents.models.upstream import OPENAI, QUESTION, Heard, Upstream, hear
from tests.providers.clients import TOKENS, TOOL
from tests.providers.script import Fault, Script

SECRET = "sk-seeded-hunter2"
SILENT: dict[str, Any] = {"model_first_token_seconds": 0.25}
IDLE: dict[str, Any] = {"model_idle_seconds": 2.0}
# Only what never comes may be waited for so briefly: on a busy machine, everything else can be late.
ENDLESS = {Fault.STALL, Fault.HANG}
# What a fault is: of Bedrock, then of OpenAI.
STATUSES = {
    Fault.THROTTLED: (FailureKind.THROTTLED, FailureKind.THROTTLED),
    Fault.BROKEN: (FailureKind.SERVER_ERROR, FailureKind.SERVER_ERROR),
    Fault.FORBIDDEN: (FailureKind.REFUSED, FailureKind.REFUSED),
    Fault.UNAUTHORIZED: (FailureKind.REFUSED, FailureKind.REFUSED),
    Fault.UNKNOWN_MODEL: (FailureKind.UNKNOWN_MODEL, FailureKind.UNKNOWN_MODEL),
    Fault.BAD_REQUEST: (FailureKind.BAD_REQUEST, FailureKind.BAD_REQUEST),
    Fault.LOADING: (FailureKind.SERVER_ERROR, FailureKind.LOADING),
}
STREAMS = {
    Fault.CUT: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.RESET: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.NO_FINISH: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.EXCEPTION: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.BAD_CRC: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.STALL: (FailureKind.STALLED, FailureKind.STALLED),
}
WHOLES = {
    Fault.CUT: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.RESET: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.EXCEPTION: (FailureKind.BAD_ANSWER, FailureKind.BROKEN),
    Fault.BAD_CRC: (FailureKind.BROKEN, FailureKind.BROKEN),
    Fault.STALL: (FailureKind.TIMED_OUT, FailureKind.TIMED_OUT),
    Fault.HANG: (FailureKind.TIMED_OUT, FailureKind.TIMED_OUT),
    Fault.NO_FINISH: (FailureKind.BROKEN, FailureKind.BROKEN),
}


def of(upstream: Upstream, kinds: tuple[FailureKind, FailureKind]) -> FailureKind:
    return kinds[upstream.name == OPENAI]


def failure_in(heard: Heard) -> ModelFailure:
    """The failure, with nothing in it that the provider wrote."""
    assert heard.failure is not None
    for shown in (str(heard.failure), heard.failure.detail, repr(heard.failure)):
        assert SECRET not in shown
        assert "secret-of-the-test" not in shown
        assert "AKIDLOOPBACK" not in shown
    assert str(heard.failure).startswith(CONSEQUENCES[heard.failure.kind].meaning)
    assert len(str(heard.failure)) < 120
    return heard.failure


def hostile(fault: Fault, at: int = 0) -> Script:
    """A provider that repeats what it was sent, and more."""
    text = f"{'Loading model. ' * (fault is Fault.LOADING)}Your key is {SECRET}. Exception"
    return Script(TOKENS, fault, at, echo_headers=True, error_text=text, retry_after=7)


@pytest.mark.parametrize(
    "ask", [ModelRequest(QUESTION), ModelRequest(QUESTION, whole=True), ModelRequest(QUESTION, tool=TOOL, whole=True)]
)
@pytest.mark.parametrize("fault", STATUSES)
async def test_a_status_is_the_kind_it_stands_for(upstream: Upstream, fault: Fault, ask: ModelRequest) -> None:
    upstream.server.script = hostile(fault)
    failure = failure_in(await hear(upstream.model(), ask))
    assert failure.kind is of(upstream, STATUSES[fault])
    if failure.consequence.worth_another_try:
        assert failure.retry_after == 7
    if failure.kind is not FailureKind.LOADING:
        assert failure.detail.startswith("HTTP ")


@pytest.mark.parametrize("at", [0, 3, 5])
@pytest.mark.parametrize("fault", STREAMS)
async def test_a_stream_that_does_not_come_to_its_end_failed(upstream: Upstream, fault: Fault, at: int) -> None:
    upstream.server.script = hostile(fault, at)
    heard = await hear(upstream.model(**((IDLE if at else SILENT) if fault in ENDLESS else {})))
    kind = of(upstream, STREAMS[fault])
    assert failure_in(heard).kind is (FailureKind.TIMED_OUT if kind is FailureKind.STALLED and not at else kind)
    assert heard.text == "".join(TOKENS[:at])


@pytest.mark.parametrize("fault", WHOLES)
async def test_a_whole_answer_that_is_none_failed(upstream: Upstream, fault: Fault) -> None:
    upstream.server.script = hostile(fault)
    heard = await hear(upstream.model(**(SILENT if fault in ENDLESS else {})), ModelRequest(QUESTION, whole=True))
    assert failure_in(heard).kind is of(upstream, WHOLES[fault])


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_connection_that_ends_before_the_answer_is_broken(
    upstream: Upstream, fault: Fault, whole: bool
) -> None:
    upstream.server.script = hostile(fault, -1)
    assert failure_in(await hear(upstream.model(), ModelRequest(QUESTION, whole=whole))).kind is FailureKind.BROKEN


@pytest.mark.parametrize(
    ("exception", "kind"),
    [
        ("throttlingException", FailureKind.THROTTLED),
        ("internalServerException", FailureKind.SERVER_ERROR),
        ("serviceUnavailableException", FailureKind.SERVER_ERROR),
        ("modelStreamErrorException", FailureKind.BROKEN),
        (f"unheardOf{SECRET}", FailureKind.BROKEN),
    ],
)
async def test_an_exception_in_a_stream_of_bedrock_has_its_own_kind(
    bedrock: Upstream, exception: str, kind: FailureKind
) -> None:
    bedrock.server.script = replace(hostile(Fault.EXCEPTION, 2), exception=exception)
    assert failure_in(await hear(bedrock.model())).kind is kind


async def test_a_model_that_cannot_call_the_tool_gave_a_bad_answer(bedrock: Upstream) -> None:
    bedrock.server.script = replace(hostile(Fault.CUT), fault=None, invalid_tool_sequence=True)
    assert (
        failure_in(await hear(bedrock.model(), ModelRequest(QUESTION, tool=TOOL, whole=True))).kind
        is FailureKind.BAD_ANSWER
    )


@pytest.mark.parametrize("tokens", [(), (" ", "\n"), ("<think>", "only a thought", "</think>")])
async def test_an_empty_answer_is_a_bad_one(upstream: Upstream, tokens: tuple[str, ...]) -> None:
    upstream.play(tokens)
    failure = failure_in(await hear(upstream.model()))
    assert (failure.kind, failure.detail) == (FailureKind.BAD_ANSWER, "it is empty")


async def test_nobody_listening_is_unreachable(own: Upstream) -> None:
    nobody = ModelName("openai-compatible", "m", "http://127.0.0.1:1/v1")
    heard = await hear(own.model(name=nobody))
    assert failure_in(heard).kind is FailureKind.UNREACHABLE
    assert (
        failure_in(await hear(own.model(name=nobody), ModelRequest(QUESTION, whole=True))).kind
        is FailureKind.UNREACHABLE
    )
    assert failure_in(await hear(own.model(name=replace(nobody, model="")))).kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize("text", ["The provided model identifier is invalid.", "on-demand throughput isn't supported"])
async def test_bedrock_says_in_words_that_it_does_not_know_a_model(bedrock: Upstream, text: str) -> None:
    bedrock.server.script = replace(hostile(Fault.BAD_REQUEST), error_text=f"{text} {SECRET}")
    assert failure_in(await hear(bedrock.model())).kind is FailureKind.UNKNOWN_MODEL


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.NoCredentialsError(), FailureKind.NO_CREDENTIALS),
        (boto.ProfileNotFound(profile=SECRET), FailureKind.REFUSED),
        (boto.PartialCredentialsError(provider="env", cred_var=SECRET), FailureKind.REFUSED),
        (boto.UnauthorizedSSOTokenError(), FailureKind.REFUSED),
        (boto.TokenRetrievalError(provider="sso", error_msg=SECRET), FailureKind.REFUSED),
        (boto.CredentialRetrievalError(provider="sso", error_msg=SECRET), FailureKind.REFUSED),
        (boto.EndpointConnectionError(endpoint_url=SECRET), FailureKind.UNREACHABLE),
        (boto.ConnectTimeoutError(endpoint_url=SECRET), FailureKind.UNREACHABLE),
        (boto.ProxyConnectionError(proxy_url=SECRET), FailureKind.UNREACHABLE),
        (boto.SSLError(endpoint_url="u", error=SECRET), FailureKind.UNREACHABLE),
        (boto.ReadTimeoutError(endpoint_url=SECRET), FailureKind.STALLED),
        (boto.ConnectionClosedError(endpoint_url=SECRET), FailureKind.BROKEN),
        (boto.ParamValidationError(report=SECRET), FailureKind.BAD_REQUEST),
        (ContextOverflowError(SECRET), FailureKind.TOO_LONG),
        (ConnectionResetError(SECRET), FailureKind.BROKEN),
        (KeyError(SECRET), FailureKind.BROKEN),
    ],
)
def test_an_error_of_the_aws_sdk_has_its_kind(error: Exception, kind: FailureKind) -> None:
    assert failure_in(Heard(failure=failure_of(error))).kind is kind


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ExpiredTokenException", 403, FailureKind.REFUSED),
        ("InvalidSignatureException", 403, FailureKind.REFUSED),
        ("SignatureDoesNotMatch", 403, FailureKind.REFUSED),
        ("ServiceQuotaExceededException", 400, FailureKind.THROTTLED),
        ("ModelNotReadyException", 429, FailureKind.LOADING),
        ("ModelTimeoutException", 408, FailureKind.SERVER_ERROR),
        (SECRET, 418, FailureKind.BAD_REQUEST),
        (SECRET, 599, FailureKind.SERVER_ERROR),
        (SECRET, 0, FailureKind.BROKEN),
        (f"{SECRET}\nException", 500, FailureKind.SERVER_ERROR),
    ],
)
def test_an_error_code_of_bedrock_has_its_kind(code: str, status: int, kind: FailureKind) -> None:
    response: Any = {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert failure_in(Heard(failure=failure_of(boto.ClientError(response, "Converse")))).kind is kind


def test_a_failure_stays_itself_and_what_nobody_knows_is_not_named() -> None:
    failure = ModelFailure(FailureKind.LOADING)
    assert failure_of(failure) is failure
    assert failure_of(RuntimeError("of the desk's own")) is None
    assert failure_of(asyncio.CancelledError()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ThrottlingException", "HTTP 429, ThrottlingException"),
        ("rate_limit_exceeded", "HTTP 429, rate_limit_exceeded"),
        ("SignatureDoesNotMatch", "HTTP 429, SignatureDoesNotMatch"),
        ("", "HTTP 429"),
        (SECRET, "HTTP 429"),
        ("sk_live_9f8e7d", "HTTP 429"),
        ("Exception: key is x", "HTTP 429"),
        ("AKIDLOOPBACK", "HTTP 429"),
    ],
)
def test_only_names_in_the_providers_own_shape_are_shown(name: str, shown: str) -> None:
    assert of_status(429, name).detail == shown


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("0.5", 0.5), ("", None), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
def test_retry_after_is_read_where_it_is_a_number(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_every_kind_has_a_consequence_and_blames_somebody_it_may_blame() -> None:
    assert set(CONSEQUENCES) == set(FailureKind)
    again = {kind for kind, what in CONSEQUENCES.items() if what.worth_another_try}
    assert again == {FailureKind.THROTTLED, FailureKind.SERVER_ERROR, FailureKind.BROKEN}
    whole = {kind for kind, what in CONSEQUENCES.items() if what.blame is FailureScope.PROVIDER}
    assert whole == {
        FailureKind.SERVER_ERROR,
        FailureKind.UNREACHABLE,
        FailureKind.TIMED_OUT,
        FailureKind.STALLED,
        FailureKind.BROKEN,
    }
