"""A model's answer within its deadlines, through the real clients."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from agents.models.circuit_breaker import BreakerState, CircuitBreaker
from agents.models.failures import FailureKind
from agents.models.streaming_call import ModelRequest
from tests.agents.models.upstream import OPENAI, QUESTION, Upstream, hear
from tests.providers.answers import Reply
from tests.providers.clients import TOKENS
from tests.providers.loopback import RecordedRequest
from tests.providers.script import Fault, Script

# Only what never comes may be waited for so briefly: on a busy machine, everything else can be late.
SHORT = 0.3
IDLE = 2.0
LONG = 60.0
SLACK = 15.0


@pytest.mark.parametrize(
    ("fault", "at", "settings", "kind"),
    [
        (Fault.HANG, 0, {"model_first_token_seconds": SHORT}, FailureKind.TIMED_OUT),
        (Fault.STALL, 0, {"model_first_token_seconds": SHORT}, FailureKind.TIMED_OUT),
        (Fault.STALL, 1, {"model_idle_seconds": IDLE}, FailureKind.STALLED),
        (Fault.STALL, 4, {"model_idle_seconds": IDLE}, FailureKind.STALLED),
        (Fault.STALL, 5, {"model_idle_seconds": IDLE}, FailureKind.STALLED),
    ],
)
async def test_silence_ends_at_its_own_deadline(
    upstream: Upstream, fault: Fault, at: int, settings: dict[str, Any], kind: FailureKind
) -> None:
    upstream.play(TOKENS, fault, at)
    model = upstream.model(**settings)
    heard = await hear(model)
    assert heard.failure is not None
    assert heard.failure.kind is kind
    assert heard.text == "".join(TOKENS[:at])
    assert min(settings.values()) * 0.9 <= heard.seconds < SLACK
    if fault is not Fault.HANG or upstream.name == OPENAI:
        # botocore shows nobody a connection before the headers: its thread waits out the read timeout.
        await upstream.left(await upstream.chat())
    assert model.breaker is BreakerState.OPEN


async def test_a_whole_answer_has_the_first_deadline_for_all_of_it(upstream: Upstream) -> None:
    upstream.play(TOKENS, Fault.SLOW_START, first_token_seconds=LONG)
    heard = await hear(upstream.model(model_first_token_seconds=SHORT), ModelRequest(QUESTION, whole=True))
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.TIMED_OUT
    assert SHORT * 0.9 <= heard.seconds < SLACK


async def test_a_slow_answer_that_keeps_coming_is_heard_to_its_end(upstream: Upstream) -> None:
    upstream.play(TOKENS * 8, gap_seconds=0.05)
    heard = await hear(upstream.model(model_first_token_seconds=1.5, model_idle_seconds=1.5))
    assert heard.failure is None
    assert heard.text == "".join(TOKENS * 8)
    assert heard.seconds > 1.5


async def test_the_time_that_the_reader_takes_is_not_the_providers(upstream: Upstream) -> None:
    upstream.play(TOKENS, gap_seconds=0.02)
    model = upstream.model(model_first_token_seconds=IDLE, model_idle_seconds=IDLE)
    text = ""
    async with aclosing(model.ask(ModelRequest(QUESTION))) as pieces:
        async for piece in pieces:
            if piece.text and not text:
                await asyncio.sleep(IDLE * 1.2)  # the reader's own work
            text += piece.text
    assert text == "".join(TOKENS)


async def test_an_answer_without_a_count_is_whole(upstream: Upstream) -> None:
    upstream.play(TOKENS, usage=None)
    heard = await hear(upstream.model())
    assert heard.failure is None
    assert heard.text == "".join(TOKENS)
    assert not any(piece.usage for piece in heard.pieces)


class Endless:
    """Has ended its answer, and neither counts nor closes."""

    def __init__(self, upstream: Upstream) -> None:
        self._server = upstream.server
        self._reply = upstream.server.reply

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        """The end of a whole answer as its last token, behind which the provider stalls."""
        reply = self._reply(request, script)
        if reply.frames is None:
            return reply
        frames = replace(reply.frames, tokens=(*reply.frames.tokens, reply.frames.closing), closing=b"")
        return replace(reply, frames=frames)


async def test_a_provider_that_never_closes_after_its_end_is_waited_for_a_second(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream.server, "reply", Endless(upstream).reply)
    upstream.play(TOKENS, Fault.STALL, len(TOKENS) + 1, usage=None)
    model = upstream.model()
    heard = await hear(model)
    assert heard.failure is None
    assert heard.text == "".join(TOKENS)
    assert [piece.finish for piece in heard.pieces if piece.finish] == ["stop"]
    assert heard.seconds < SLACK
    assert (model.breaker, model.state) == (BreakerState.CLOSED, "ready")


def thinks(seconds: float) -> Callable[[RecordedRequest], Script]:
    """A server that reads its prompt for so long and answers small questions meanwhile."""

    def script(request: RecordedRequest) -> Script:
        return Script(TOKENS, first_token_seconds=seconds if request.method == "POST" else 0)

    return script


async def test_an_own_server_that_is_slow_but_answers_to_its_name_is_waited_for(own: Upstream) -> None:
    own.server.script = thinks(SHORT * 4)
    model = own.model(model_first_token_seconds=SHORT)
    heard = await hear(model)
    assert heard.failure is None
    assert heard.text == "".join(TOKENS)
    assert heard.seconds >= SHORT * 4
    assert model.breaker is BreakerState.CLOSED


async def test_an_own_server_that_never_begins_is_given_up_at_its_long_deadline(own: Upstream) -> None:
    own.server.script = thinks(LONG)
    heard = await hear(own.model(model_first_token_seconds=SHORT, model_server_first_token_seconds=1))
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.TIMED_OUT
    assert 0.9 <= heard.seconds < SLACK


async def test_an_own_server_that_does_not_answer_to_its_name_is_given_up_early(own: Upstream) -> None:
    def script(request: RecordedRequest) -> Script:
        # It tells its model when it is opened, and then no more.
        listed = [asked for asked in own.server.requests if asked.method == "GET"]
        broken = request.method == "POST" or len(listed) > 1
        return Script(TOKENS, Fault.HANG if broken else None)

    own.server.script = script
    heard = await hear(own.model(model_first_token_seconds=SHORT))
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.TIMED_OUT
    assert SHORT * 0.9 <= heard.seconds < SLACK


async def test_an_own_server_that_begins_and_then_stalls_is_not_waited_for(own: Upstream) -> None:
    own.server.script = lambda request: Script(TOKENS, Fault.STALL if request.method == "POST" else None, 2)
    heard = await hear(own.model(model_first_token_seconds=LONG, model_idle_seconds=IDLE))
    assert heard.failure is not None
    assert heard.failure.kind is FailureKind.STALLED
    assert heard.text == "One two"
    assert heard.seconds < SLACK


async def test_every_failure_that_cost_a_deadline_is_blamed_on_whoever_shares_the_address(upstream: Upstream) -> None:
    endpoint = CircuitBreaker()
    upstream.play(TOKENS, Fault.HANG)
    failing, other = upstream.model(endpoint, model_first_token_seconds=SHORT), upstream.model(endpoint)
    failure = (await hear(failing)).failure
    assert other.held_back() is failing.held_back() is failure
    assert (other.breaker, other.state, failing.state) == (BreakerState.OPEN, "unchecked", "timed_out")


async def test_throttling_is_blamed_on_one_model_only(upstream: Upstream) -> None:
    endpoint = CircuitBreaker()
    upstream.play(TOKENS, Fault.THROTTLED)
    failing, other = upstream.model(endpoint), upstream.model(endpoint)
    for _ in range(3):
        assert failing.held_back() is None
        await hear(failing)
    held = failing.held_back()
    assert held is not None
    assert held.kind is FailureKind.THROTTLED
    assert other.held_back() is None


async def test_after_an_outage_exactly_one_of_many_calls_probes(upstream: Upstream) -> None:
    class Clock:
        now = 1000.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    model = upstream.model(CircuitBreaker(clock), model_first_token_seconds=SHORT)
    upstream.play(TOKENS, Fault.HANG)
    await hear(model)
    assert model.held_back()
    clock.now += 5
    upstream.play(TOKENS, first_token_seconds=0.1)

    async def in_turn() -> bool:
        return model.held_back() is None and (await hear(model)).failure is None

    assert sum(await asyncio.gather(*(in_turn() for _ in range(8)))) == 1
    assert len(upstream.chats) == 2
    assert model.breaker is BreakerState.CLOSED
