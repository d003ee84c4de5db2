"""The loop over a chain of models, with real models over both providers' servers."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

import pytest

from agents.errors import ModelLoading, ModelsUnavailable
from agents.models.chunks import ModelChunk, estimate_usage
from agents.models.failures import FailureKind, ModelFailure
from agents.models.fallback import FallbackTrace, WithdrawnAnswer, in_turn
from agents.models.model import Model
from agents.models.model_name import ModelName
from agents.models.prices import cost_of
from agents.models.streaming_call import ModelRequest
from frontdesk.contracts.events import Event, TraceEnd, TraceStart
from tests.agents.models.conftest import bedrock, bedrock_provider, openai, own, servers
from tests.agents.models.upstream import BEDROCK, OPENAI, QUESTION, Upstream, until
from tests.providers.clients import TOKENS
from tests.providers.loopback import RecordedRequest
from tests.providers.script import Fault, Script

__all__ = ["bedrock", "bedrock_provider", "openai", "own", "servers"]

WHOLE = "".join(TOKENS)


@dataclass
class Walk:
    """What a walk along a chain brought."""

    text: str = ""
    withdrawn: list[WithdrawnAnswer] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    error: Exception | None = None
    trail: FallbackTrace | None = None
    silent: frozenset[ModelName] = frozenset()

    @property
    def ends(self) -> list[TraceEnd]:
        return [event for event in self.events if isinstance(event, TraceEnd)]

    @property
    def starts(self) -> list[TraceStart]:
        return [event for event in self.events if isinstance(event, TraceStart)]


async def counted(model: Model) -> AsyncGenerator[ModelChunk]:
    """As writers do: text as it comes, its count at the end; what a failure took all the same is estimated."""
    said, usage = "", None
    try:
        async with aclosing(model.ask(ModelRequest(QUESTION))) as pieces:
            async for piece in pieces:
                said, usage = said + piece.text, piece.usage or usage
                if piece.text:
                    yield ModelChunk(piece.text)
    except ModelFailure as failure:
        failure.usage = estimate_usage(QUESTION, said) if said else None
        raise
    yield ModelChunk(usage=usage)


async def walk(*chain: Model, taken: Walk | None = None) -> Walk:
    """Ask the models in turn; the text begins anew where it was withdrawn. Each step begins once and ends once."""
    taken = taken or Walk()
    taken.trail = FallbackTrace(taken.events.append, "billing", "run", taken.silent)
    try:
        async with aclosing(in_turn(chain, counted, taken.trail)) as pieces:
            async for piece in pieces:
                if isinstance(piece, WithdrawnAnswer):
                    taken.withdrawn.append(piece)
                    taken.text = ""
                else:
                    taken.text += piece.text
    except ModelsUnavailable as error:
        taken.error = error
    finally:
        ids = [start.step_id for start in taken.starts]
        assert len(set(ids)) == len(ids)
        assert ids == [end.step_id for end in taken.ends]
    return taken


def then(*scripts: Script) -> Callable[[RecordedRequest], Script]:
    """One script after the other; the last for all that follow."""
    left = list(scripts)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


async def test_the_first_model_that_can_answers_and_no_other_is_asked(bedrock: Upstream, openai: Upstream) -> None:
    taken = await walk(bedrock.model(), openai.model())
    assert (taken.text, taken.withdrawn, len(bedrock.chats), len(openai.chats)) == (WHOLE, [], 1, 0)
    (start,), (end,) = taken.starts, taken.ends
    assert (start.step_id, start.parent_id, start.step_type) == ("billing.generate", "run", "generate")
    assert (start.step_name, start.agent) == (str(BEDROCK), "billing")
    assert (end.status, end.model, end.output) == ("completed", str(BEDROCK), None)
    assert end.usage is not None
    assert (end.usage.prompt, end.usage.completion, end.usage.estimated) == (100, 5, False)
    assert end.cost_usd == pytest.approx((100 * 0.06 + 5 * 0.24) / 1e6)


async def test_the_order_is_that_of_the_chain(bedrock: Upstream, openai: Upstream) -> None:
    taken = await walk(openai.model(), bedrock.model())
    assert (taken.text, len(bedrock.chats), len(openai.chats)) == (WHOLE, 0, 1)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.BROKEN, Fault.RESET, Fault.NO_FINISH])
async def test_what_may_pass_is_tried_twice_and_then_the_next_is_asked(
    bedrock: Upstream, openai: Upstream, fault: Fault
) -> None:
    bedrock.play(TOKENS, fault)
    taken = await walk(bedrock.model(), openai.model())
    assert (taken.text, taken.withdrawn, len(bedrock.chats), len(openai.chats)) == (WHOLE, [], 2, 1)
    first, second = (request.arrived for request in bedrock.chats)
    assert 0.14 <= second - first < 0.5 + 1  # a pause is at most half a second; the rest is slack
    assert [start.step_type for start in taken.starts] == ["generate", "retry", "retry"]
    assert [end.status for end in taken.ends] == ["failed", "failed", "completed"]
    assert [end.model for end in taken.ends] == [str(BEDROCK), str(BEDROCK), str(OPENAI)]
    assert str(BEDROCK) in str(taken.ends[2].output)


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.UNKNOWN_MODEL, Fault.BAD_REQUEST])
async def test_what_will_not_pass_is_tried_once(bedrock: Upstream, openai: Upstream, fault: Fault) -> None:
    bedrock.play(TOKENS, fault)
    taken = await walk(bedrock.model(), openai.model())
    assert (taken.text, len(bedrock.chats), len(openai.chats)) == (WHOLE, 1, 1)


async def test_a_second_try_that_succeeds_is_the_answer(bedrock: Upstream, openai: Upstream) -> None:
    bedrock.server.script = then(Script(TOKENS, Fault.BROKEN), Script(TOKENS))
    taken = await walk(bedrock.model(), openai.model())
    assert (taken.text, len(bedrock.chats), len(openai.chats)) == (WHOLE, 2, 0)
    assert [end.step_id for end in taken.ends] == ["billing.generate", "billing.retry.2"]
    assert taken.ends[0].output == "failed (HTTP 500, InternalServerException)"
    assert taken.ends[1].output == f"{BEDROCK} failed (HTTP 500, InternalServerException)"


@pytest.mark.parametrize(("seconds", "tries"), [(0.4, 2), (0.6, 1), (30, 1)])
async def test_a_provider_that_asks_for_a_pause_gets_it_or_is_passed_over(
    openai: Upstream, bedrock: Upstream, seconds: float, tries: int
) -> None:
    openai.play(TOKENS, Fault.THROTTLED, retry_after=seconds)
    began = time.monotonic()
    taken = await walk(openai.model(), bedrock.model())
    assert (taken.text, len(openai.chats)) == (WHOLE, tries)
    if tries == 2:
        assert openai.chats[1].arrived - openai.chats[0].arrived >= seconds
    else:
        assert time.monotonic() - began < 15


async def test_a_model_that_has_spoken_is_not_asked_again_and_is_withdrawn_once(
    bedrock: Upstream, openai: Upstream
) -> None:
    bedrock.play(TOKENS, Fault.CUT, 3)
    taken = await walk(bedrock.model(), openai.model())
    assert (taken.text, len(bedrock.chats), len(openai.chats)) == (WHOLE, 1, 1)
    assert len(taken.withdrawn) == 1
    assert taken.withdrawn[0].model == str(OPENAI)
    assert taken.withdrawn[0].reason.startswith(f"{BEDROCK} broke off")
    failed, completed = taken.ends
    said = estimate_usage(QUESTION, "One two thrée")
    assert (failed.usage, failed.cost_usd) == (said, cost_of(BEDROCK, said))
    assert (completed.usage is not None, completed.status) == (True, "completed")


async def test_two_models_that_break_off_are_withdrawn_once_each(bedrock: Upstream, openai: Upstream) -> None:
    bedrock.play(TOKENS, Fault.CUT, 2)
    openai.server.script = then(Script(TOKENS, Fault.CUT, 1), Script(TOKENS))
    other = openai.model(name=ModelName("openai", "gpt-4o"))
    taken = await walk(bedrock.model(), openai.model(), other)
    assert taken.text == WHOLE
    assert [void.model for void in taken.withdrawn] == [str(OPENAI), str(other.name)]


async def test_what_was_withdrawn_is_not_withdrawn_again_for_a_model_that_said_nothing(
    bedrock: Upstream, openai: Upstream
) -> None:
    bedrock.play(TOKENS, Fault.CUT, 2)
    openai.server.script = then(Script(TOKENS, Fault.FORBIDDEN), Script(TOKENS))
    other = openai.model(name=ModelName("openai", "gpt-4o"))
    taken = await walk(bedrock.model(), openai.model(), other)
    assert (taken.text, [void.model for void in taken.withdrawn]) == (WHOLE, [str(OPENAI)])


async def test_the_last_model_that_breaks_off_is_withdrawn_for_nobody(bedrock: Upstream) -> None:
    bedrock.play(TOKENS, Fault.CUT, 2)
    taken = await walk(bedrock.model())
    assert (taken.text, taken.withdrawn) == ("One two", [])
    assert type(taken.error) is ModelsUnavailable
    assert len(bedrock.chats) == 1


async def test_a_model_that_fails_before_a_word_is_not_withdrawn(bedrock: Upstream, openai: Upstream) -> None:
    bedrock.play(TOKENS, Fault.CUT, 0)
    taken = await walk(bedrock.model(), openai.model())
    assert (taken.text, taken.withdrawn) == (WHOLE, [])


async def test_a_model_that_is_held_back_is_passed_over_without_a_step(bedrock: Upstream, openai: Upstream) -> None:
    held = bedrock.model(model_first_token_seconds=0.2)
    bedrock.play(TOKENS, Fault.HANG)
    assert (await walk(held)).error is not None
    bedrock.play(TOKENS)
    taken = await walk(held, openai.model())
    assert (taken.text, len(bedrock.chats)) == (WHOLE, 1)
    assert [start.step_id for start in taken.starts] == ["billing.generate"]
    assert taken.ends[0].output == f"{BEDROCK} did not begin to answer in time"


async def test_where_nobody_can_answer_everybody_is_named_with_the_reason(bedrock: Upstream, openai: Upstream) -> None:
    bedrock.play(TOKENS, Fault.FORBIDDEN)
    openai.play(TOKENS, Fault.THROTTLED)
    taken = await walk(bedrock.model(), openai.model())
    assert type(taken.error) is ModelsUnavailable
    assert taken.error.message == (
        f"no model could answer: {BEDROCK} refused the credentials or lacks permission "
        f"(HTTP 403, AccessDeniedException); {OPENAI} is throttling (HTTP 429, rate_limit_exceeded); see /health"
    )
    assert taken.error.retryable


async def test_where_every_model_is_loading_the_user_may_ask_again(own: Upstream, openai: Upstream) -> None:
    own.play(TOKENS, Fault.LOADING)
    taken = await walk(own.model(), openai.model())
    assert isinstance(taken.error, ModelLoading)
    assert "ask again in a moment" in taken.error.message
    assert (
        [trouble.failure.kind for trouble in taken.trail.troubles] == [FailureKind.LOADING] * 2
        if taken.trail
        else False
    )


async def test_one_that_is_loading_among_others_is_no_loading_desk(own: Upstream, bedrock: Upstream) -> None:
    own.play(TOKENS, Fault.LOADING)
    bedrock.play(TOKENS, Fault.FORBIDDEN)
    assert type((await walk(own.model(), bedrock.model())).error) is ModelsUnavailable


async def test_an_empty_chain_has_nobody_to_answer() -> None:
    assert type((await walk()).error) is ModelsUnavailable


async def test_a_walk_that_is_cancelled_ends_its_step_and_its_upstream(bedrock: Upstream) -> None:
    bedrock.play(TOKENS * 200, gap_seconds=0.01)
    taken = Walk()
    walking = asyncio.create_task(walk(bedrock.model(), taken=taken))
    await until(lambda: taken.text)
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    await bedrock.left(await bedrock.chat())
    assert [end.status for end in taken.ends] == ["cancelled"]


async def test_a_walk_that_is_cancelled_in_its_pause_asks_nobody_again(openai: Upstream) -> None:
    openai.play(TOKENS, Fault.THROTTLED, retry_after=0.5)
    taken = Walk()
    walking = asyncio.create_task(walk(openai.model(), taken=taken))
    await until(lambda: taken.ends)
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert len(openai.chats) == 1


async def test_a_silent_model_leaves_no_step(bedrock: Upstream, openai: Upstream) -> None:
    bedrock.play(TOKENS, Fault.FORBIDDEN)
    taken = await walk(bedrock.model(), openai.model(), taken=Walk(silent=frozenset({BEDROCK, OPENAI})))
    assert (taken.text, taken.events) == (WHOLE, [])


async def test_many_walks_at_once_have_each_its_own_answer(bedrock: Upstream, openai: Upstream) -> None:
    bedrock.play(TOKENS, Fault.CUT, 2)
    chain = (bedrock.model(), openai.model())
    walks = await asyncio.gather(*map(partial(_numbered, chain), range(10)))
    assert [taken.text for taken in walks] == [WHOLE] * 10


async def _numbered(chain: tuple[Model, ...], number: int) -> Walk:
    return await walk(*chain)
