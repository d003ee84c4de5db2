"""When a stream is tried again, how long it waits, and when it gives up: with a clock that the test moves."""

from dataclasses import dataclass

import httpx
import pytest

from frontdesk.client import endpoints
from frontdesk.client.errors import Refused, StreamBroken
from frontdesk.client.resumable_stream import ResumableStream, RetryPolicy
from frontdesk.contracts.events import Error, Event, Start, Token
from tests.frontdesk.contracts.test_events import EXAMPLES

STREAM = {"content-type": "text/event-stream"}
HEARTBEAT = b'data: {"type":"heartbeat"}\n\n'
BUSY = b'{"error":{"code":"overloaded","message":"Too much to do.","retryable":true}}'
START = b'id: 0\ndata: {"type":"start","run_id":"r","thread_id":"t","session_id":"s","generation_id":"r"}\n\n'


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def frame(number: int, name: str = "token") -> bytes:
    return b"id: %d\ndata: %s\n\n" % (number, EXAMPLES[name].model_dump_json().encode())


def connect(following: ResumableStream, body: bytes = b"", status: int = 200, **headers: str) -> list[Event]:
    """One connection that ends in good order after this body."""
    assert following.next_attempt()
    following.record_response(status, headers or STREAM)
    events = list(following.receive_chunk(body))
    following.handle_end()
    return events


def pause(following: ResumableStream) -> float:
    attempt = following.next_attempt()
    assert attempt
    return attempt.pause


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def following(clock: Clock) -> ResumableStream:
    """A stream that has begun and lost its connection once."""
    begun = ResumableStream(endpoints.stream("Hello?"), RetryPolicy(60, clock))
    connect(begun, START)
    return begun


def test_the_first_try_comes_at_once_and_later_ones_further_and_further_apart(following: ResumableStream) -> None:
    pauses = [pause(following)]
    for _ in range(12):
        following.handle_loss(httpx.ConnectError("refused"))
        pauses.append(pause(following))
    assert pauses[0] == 0
    assert 0.125 <= pauses[1] <= 0.25
    assert 2.5 <= pauses[-1] <= 5


def test_what_the_desk_asks_to_wait_is_waited(following: ResumableStream) -> None:
    connect(following, BUSY, 503, **{"retry-after": "17"})
    assert pause(following) == 17
    connect(following, b"<html>", 429, **{"retry-after": "0"})
    assert pause(following) > 0


def test_a_wait_beyond_all_patience_is_not_begun(following: ResumableStream) -> None:
    with pytest.raises(StreamBroken) as broken:
        connect(following, BUSY, 503, **{"retry-after": "61"})
    assert isinstance(broken.value.__cause__, Refused)
    assert (broken.value.run_id, broken.value.after) == ("r", 0)


def test_patience_is_counted_from_the_last_new_event(following: ResumableStream, clock: Clock) -> None:
    clock.now += 59
    assert connect(following, frame(1)) == [EXAMPLES["token"]]
    clock.now += 59
    following.handle_loss(httpx.ConnectError("refused"))
    assert pause(following) <= 1
    clock.now += 1
    with pytest.raises(StreamBroken, match="ConnectError"):
        following.handle_loss(httpx.ConnectError("refused"))


def test_a_long_silence_with_heartbeats_costs_no_patience(following: ResumableStream, clock: Clock) -> None:
    for _ in range(10):
        following.record_response(200, STREAM)
        assert list(following.receive_chunk(HEARTBEAT)) == []
        clock.now += 300
        following.handle_loss(httpx.ReadError("cut"))
    assert connect(following, frame(1)) == [EXAMPLES["token"]]


def test_a_desk_that_says_nothing_but_heartbeats_and_leaves_is_given_up(
    following: ResumableStream, clock: Clock
) -> None:
    with pytest.raises(StreamBroken, match="ended before its answer"):  # noqa: PT012 - each try may be the last
        for _ in range(1_000):
            clock.now += pause(following)
            connect(following, HEARTBEAT)
    assert clock.now == pytest.approx(160)


@pytest.mark.parametrize(
    "body",
    [
        frame(2),
        frame(0),
        frame(1) + frame(1),
        frame(1).partition(b"\n")[2],
        frame(1, "done").partition(b"\n")[2],
        frame(1).replace(b"id: 1", b"id: one"),
        b'id: 1\ndata: {"type":"thought"}\n\n',
        b"id: 1\ndata: {\n\n",
        b"id: 1\ndata: \xff\n\n",
    ],
    ids=["gap", "repeated", "twice", "unnumbered", "unnumbered end", "no number", "unknown", "no json", "no text"],
)
def test_what_is_not_the_next_event_breaks_the_stream(following: ResumableStream, body: bytes) -> None:
    with pytest.raises(StreamBroken, match="cannot read") as broken:
        connect(following, body)
    assert broken.value.run_id == "r"


def test_an_error_that_could_not_be_stored_ends_the_stream(following: ResumableStream) -> None:
    assert connect(following, frame(1) + frame(2, "error").partition(b"\n")[2]) == [
        EXAMPLES["token"],
        EXAMPLES["error"],
    ]
    assert following.next_attempt() is None


@pytest.mark.parametrize("end", ["done", "cancelled", "error"])
def test_nothing_is_given_out_after_the_end(following: ResumableStream, end: str) -> None:
    assert connect(following, frame(1, end) + frame(2)) == [EXAMPLES[end]]
    assert following.next_attempt() is None


def test_a_half_frame_is_read_anew_on_the_next_connection(following: ResumableStream) -> None:
    assert connect(following, frame(1) + frame(2)[:20]) == [EXAMPLES["token"]]
    attempt = following.next_attempt()
    assert attempt
    assert (attempt.request.url, attempt.request.headers) == ("/runs/r/stream", {"last-event-id": "1"})
    assert connect(following, frame(2)) == [EXAMPLES["token"]]


def test_the_start_names_the_run_to_follow() -> None:
    begun = ResumableStream(endpoints.stream("Hello?"), RetryPolicy(60))
    events = connect(begun, START + frame(1))
    assert [type(event) for event in events] == [Start, Token]
    assert not any(isinstance(event, Error) for event in events)
