"""Circuit breakers, with a clock that stands still until it is moved."""

from dataclasses import dataclass

import pytest

from agents.models.circuit_breaker import BreakerState, CircuitBreaker
from agents.models.failures import FailureKind, ModelFailure

FAILED = ModelFailure(FailureKind.SERVER_ERROR)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def state(breaker: CircuitBreaker) -> BreakerState:
    """As a call, for mypy takes a property to stay what it was."""
    return breaker.state


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def fail(breaker: CircuitBreaker, times: int = 1, *, costly: bool = False, call: object = None) -> None:
    """Calls that fail as soon as they are made."""
    for _ in range(times):
        asked = call or object()
        breaker.admit_call(asked)
        breaker.record_failure(asked, FAILED, since=breaker.clock(), costly=costly)


def probe(breaker: CircuitBreaker, clock: Clock, *, after: float) -> object:
    """A call that is let through as the one probe."""
    clock.now += after
    call = object()
    assert state(breaker) is BreakerState.HALF_OPEN
    assert breaker.admit_call(call)
    return call


def assert_opens_again_after(breaker: CircuitBreaker, clock: Clock, seconds: float) -> None:
    assert state(breaker) is BreakerState.OPEN
    clock.now += seconds - 0.01
    assert state(breaker) is BreakerState.OPEN
    assert not breaker.admit_call(object())
    clock.now += 0.01
    assert state(breaker) is BreakerState.HALF_OPEN


def test_a_new_breaker_lets_every_call_through(breaker: CircuitBreaker) -> None:
    assert state(breaker) is BreakerState.CLOSED
    assert all(breaker.admit_call(object()) for _ in range(100))
    assert breaker.cause is None


def test_it_opens_at_the_third_failure_in_a_row_for_five_seconds(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 2)
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker)
    assert breaker.cause is FAILED
    assert_opens_again_after(breaker, clock, 5)


def test_a_success_begins_the_count_anew(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 2)
    clock.now += 1
    breaker.record_success(began=clock.now)
    assert breaker.cause is None
    clock.now += 1
    fail(breaker, 2)
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker)
    assert state(breaker) is BreakerState.OPEN


def test_one_costly_failure_opens_at_once(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, costly=True)
    assert_opens_again_after(breaker, clock, 5)


@pytest.mark.parametrize("costly", [True, False])
def test_a_success_since_the_call_last_heard_something_protects(
    breaker: CircuitBreaker, clock: Clock, costly: bool
) -> None:
    calls = [object() for _ in range(5)]
    began = clock.now
    for call in calls:
        breaker.admit_call(call)
    clock.now += 1
    breaker.record_success(began=clock.now)
    clock.now += 1
    for call in calls:
        breaker.record_failure(call, FAILED, since=began, costly=costly)
    assert state(breaker) is BreakerState.CLOSED
    assert breaker.cause is None
    fail(breaker, 2)
    assert state(breaker) is BreakerState.CLOSED


def test_a_success_before_the_call_last_heard_something_protects_nobody(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.admit_call(call := object())
    breaker.record_success(began=clock.now)
    clock.now += 1
    breaker.record_failure(call, FAILED, since=clock.now, costly=True)
    assert state(breaker) is BreakerState.OPEN


def test_a_call_that_succeeded_does_not_hide_the_failure_of_its_next_try(breaker: CircuitBreaker, clock: Clock) -> None:
    call = object()
    breaker.admit_call(call)
    breaker.record_success(began=clock.now)
    fail(breaker, costly=True, call=call)
    assert state(breaker) is BreakerState.OPEN


def test_half_open_lets_exactly_one_call_through(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert [breaker.admit_call(object()) for _ in range(5)] == [True, False, False, False, False]
    assert state(breaker) is BreakerState.OPEN


def test_a_released_probe_makes_way_for_the_next(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    call = probe(breaker, clock, after=5)
    breaker.release_call(object())
    assert not breaker.admit_call(object())
    breaker.release_call(call)
    assert [breaker.admit_call(object()) for _ in range(2)] == [True, False]


def test_a_released_probe_leaves_the_pause_as_it_was(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    breaker.release_call(probe(breaker, clock, after=5))
    call = probe(breaker, clock, after=0)
    breaker.record_failure(call, FAILED, since=clock.now, costly=False)
    assert_opens_again_after(breaker, clock, 10)


def test_each_failed_probe_doubles_the_pause_up_to_forty_seconds(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    pause = 5.0
    for following in (10.0, 20.0, 40.0, 40.0, 40.0):
        call = probe(breaker, clock, after=pause)
        breaker.record_failure(call, FAILED, since=clock.now, costly=False)
        clock.now += following - 0.01
        assert state(breaker) is BreakerState.OPEN
        clock.now += 0.01
        pause = 0.0


def test_a_successful_probe_closes_it_and_forgets_the_doubling(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    breaker.record_failure(probe(breaker, clock, after=5), FAILED, since=clock.now, costly=False)
    call = probe(breaker, clock, after=10)
    clock.now += 1
    breaker.record_success(began=clock.now - 1)
    breaker.release_call(call)
    assert state(breaker) is BreakerState.CLOSED
    assert breaker.cause is None
    assert all(breaker.admit_call(object()) for _ in range(5))
    clock.now += 1
    fail(breaker, 2)
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker)
    assert_opens_again_after(breaker, clock, 5)


@pytest.mark.parametrize("costly", [True, False])
def test_failures_while_it_is_open_do_not_lengthen_the_pause(
    breaker: CircuitBreaker, clock: Clock, costly: bool
) -> None:
    late = [object() for _ in range(10)]
    for call in late:
        breaker.admit_call(call)
    fail(breaker, 3)
    for call in late[:4]:
        clock.now += 1
        breaker.record_failure(call, FAILED, since=clock.now, costly=costly)
    assert_opens_again_after(breaker, clock, 1)


def test_a_late_failure_of_another_call_does_not_double_the_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.admit_call(late := object())
    fail(breaker, 3)
    clock.now += 5
    breaker.record_failure(late, FAILED, since=clock.now, costly=True)
    assert_opens_again_after(breaker, clock, 5)


def test_a_late_success_of_a_call_from_before_it_opened_tells_nothing(breaker: CircuitBreaker, clock: Clock) -> None:
    began = clock.now
    clock.now += 1
    fail(breaker, 3)
    clock.now += 1
    breaker.record_success(began=began)
    assert_opens_again_after(breaker, clock, 4)


def test_a_probe_that_begins_to_answer_lets_everyone_in_again(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    call = probe(breaker, clock, after=5)
    assert not breaker.admit_call(object())
    breaker.confirm_probe(call)
    assert breaker.admit_call(object())
    assert state(breaker) is BreakerState.CLOSED
    fail(breaker, call=call)
    assert state(breaker) is BreakerState.OPEN


def test_only_a_probe_lets_others_in_by_answering(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.admit_call(early := object())
    fail(breaker, 3)
    breaker.confirm_probe(early)
    assert state(breaker) is BreakerState.OPEN


def test_the_cause_is_that_of_the_latest_failure(breaker: CircuitBreaker) -> None:
    fail(breaker, 3)
    latest = ModelFailure(FailureKind.UNREACHABLE)
    breaker.record_failure(object(), latest, since=breaker.clock(), costly=True)
    assert breaker.cause is latest
