"""A stream is read whole, or breaks aloud, whatever becomes of its connections."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from frontdesk import Desk
from frontdesk.client.answer import RunTranscript
from frontdesk.client.errors import NotADesk, Refused, StreamBroken, Unreachable
from frontdesk.contracts.events import Done, Error, Event, Reset, Start, Token
from tests.frontdesk.client.both_clients import BOTH, Read
from tests.frontdesk.client.proxy import WHOLE, Fate, Proxy
from tests.serving import Server, serve

QUESTION = "How are refunds paid? 200 tokens, 5 ms apart"
LONG = "How are refunds paid? 400 tokens, 5 ms apart"
BUSY = b'{"error":{"code":"overloaded","message":"Too much to do.","retryable":true}}'
both = pytest.mark.parametrize("read", BOTH, ids=["sync", "async"])


def said(status: str, body: bytes, *headers: str) -> Fate:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return Fate(says="\r\n".join(lines).encode() + body)


def told(events: list[Event]) -> RunTranscript:
    transcript = RunTranscript()
    for event in events:
        transcript.apply(event)
    return transcript


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("scripted") / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0) as running:
        yield running


@both
@pytest.mark.parametrize(("cut", "cuts"), [(Fate(frames=1), 200), (Fate(size=4_000), 4)], ids=["frames", "bytes"])
def test_an_answer_is_whole_though_every_connection_is_cut(desk: Server, read: Read, cut: Fate, cuts: int) -> None:
    with Proxy(desk.port, lambda number: cut) as proxy:
        events = read(proxy.url, "stream", QUESTION)
    assert isinstance(events[0], Start)
    assert isinstance(events[-1], Done)
    assert sum(isinstance(event, Token) for event in events) == events[-1].tokens
    assert read(desk.url, "follow", events[0].run_id) == events
    with Desk(desk.url) as client:
        assert client.run(events[0].run_id).answer == told(events).text
    assert len(proxy.requests) > cuts
    assert [request.split()[0] for request in proxy.requests] == [b"POST", *[b"GET"] * (len(proxy.requests) - 1)]


@both
def test_what_has_come_is_not_asked_for_again(desk: Server, read: Read) -> None:
    with Proxy(desk.port, lambda number: WHOLE if number else Fate(frames=7)) as proxy:
        events = read(proxy.url, "stream", "How are refunds paid? 30 tokens")
    assert isinstance(events[-1], Done)
    assert [b"last-event-id: 6\r\n" in request.lower() for request in proxy.requests] == [False, True]


@both
def test_a_silent_connection_is_given_up_for_another(desk: Server, read: Read) -> None:
    with Desk(desk.url) as client:
        run_id = client.ask("How are refunds paid? 30 tokens").run_id
    with Proxy(desk.port, lambda number: WHOLE if number else Fate(frames=9, stall=True)) as proxy:
        events = read(proxy.url, "follow", run_id, silence=3)
    assert events == read(desk.url, "follow", run_id)
    assert len(proxy.requests) >= 2


@both
@pytest.mark.parametrize(
    "trouble",
    [
        said("503 Service Unavailable", BUSY, "retry-after: 0"),
        said("429 Too Many Requests", BUSY),
        said("502 Bad Gateway", b"<html>nginx</html>"),
    ],
    ids=["503", "429", "502"],
)
def test_a_desk_that_has_too_much_to_do_is_asked_again_for_the_rest(desk: Server, read: Read, trouble: Fate) -> None:
    fates = [Fate(frames=5), trouble, trouble, WHOLE]
    with Proxy(desk.port, lambda number: fates[number]) as proxy:
        events = read(proxy.url, "stream", "How are refunds paid? 30 tokens")
    assert isinstance(events[-1], Done)
    assert len(proxy.requests) == 4


@both
@pytest.mark.parametrize("fate", [Fate(size=0), Fate(size=60), Fate(size=300)], ids=["nothing", "head", "half"])
def test_a_question_whose_run_is_not_known_is_not_sent_twice(desk: Server, read: Read, fate: Fate) -> None:
    with Proxy(desk.port, lambda number: fate) as proxy, pytest.raises(StreamBroken, match="may or may not") as broken:
        read(proxy.url, "stream", "How are refunds paid? 3 tokens")
    assert broken.value.run_id is None
    assert len(proxy.requests) == 1


@both
@pytest.mark.parametrize(
    ("fate", "why"),
    [
        (said("200 OK", b"id: 9\ndata: {}\n\n", "content-type: text/event-stream"), "cannot read"),
        (said("200 OK", b"data: \xff\n\n", "content-type: text/event-stream"), "cannot read"),
        (said("200 OK", b"<html></html>", "content-type: text/html"), "does not give out"),
        (said("307 Moved", b"", "location: http://127.0.0.1:1/"), "does not give out"),
        (said("404 Not Found", BUSY.replace(b"true", b"false")), "does not give out"),
    ],
    ids=["gap", "bytes", "page", "elsewhere", "gone"],
)
def test_a_rest_that_cannot_be_had_is_a_broken_stream(desk: Server, read: Read, fate: Fate, why: str) -> None:
    with (
        Proxy(desk.port, lambda number: fate if number else Fate(frames=3)) as proxy,
        pytest.raises(StreamBroken, match=why) as broken,
    ):
        read(proxy.url, "stream", "How are refunds paid? 3 tokens")
    assert broken.value.run_id
    assert (broken.value.after, len(proxy.requests)) == (2, 2)


@both
def test_an_answer_whose_desk_does_not_come_back_is_broken(desk: Server, read: Read) -> None:
    gone, known = Fate(size=0), Fate(frames=5)
    with (
        Proxy(desk.port, lambda number: gone if number else known) as proxy,
        pytest.raises(StreamBroken, match="connection broke") as broken,
    ):
        read(proxy.url, "stream", "How are refunds paid? 3 tokens", patience=0.5)
    assert len(proxy.requests) > 2
    assert (broken.value.after, broken.value.retryable) == (4, True)
    rest = read(desk.url, "follow", broken.value.run_id, broken.value.after)
    assert isinstance(rest[-1], Done)


@both
@pytest.mark.parametrize("setting", ["continue", "end"])
def test_an_answer_whose_desk_was_killed_comes_to_its_end_once_it_is_back(
    data_dir: Path, read: Read, setting: str
) -> None:
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        first = stack.enter_context(serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0))
        restarting: list[Future[Server]] = []

        def restart(event: Event) -> None:
            if isinstance(event, Token) and not restarting:
                first.kill()
                again = serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0, PORT=first.port, INTERRUPTED_RUNS=setting)
                restarting.append(pool.submit(stack.enter_context, again))

        events = read(first.url, "stream", LONG, hear=restart, patience=150)
        second = restarting[0].result()
        stored = read(second.url, "follow", told(events).run_id)
    assert events == stored
    last = events[-1]
    if setting == "continue":
        assert isinstance(last, Done)
        assert sum(isinstance(event, Reset) for event in events) == 1
    else:
        assert isinstance(last, Error)
        assert (last.code, last.retryable) == ("interrupted", True)


@both
def test_what_is_wrong_at_first_is_said_at_once(desk: Server, read: Read) -> None:
    with pytest.raises(Refused) as refused:
        read(desk.url, "stream", "")
    assert (refused.value.status, refused.value.code, refused.value.retryable) == (422, "message_invalid", False)
    with pytest.raises(Refused, match="run_not_found"):
        read(desk.url, "follow", "nobody")
    with Proxy(desk.port, lambda number: said("200 OK", b"<html></html>")) as proxy, pytest.raises(NotADesk):
        read(proxy.url, "stream", QUESTION)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 does not answer"):
        read("http://user:secret@127.0.0.1:1", "stream", QUESTION)


def test_a_stream_may_be_left_early_and_followed_later(desk: Server) -> None:
    with Desk(desk.url) as client:
        with closing(client.stream(QUESTION)) as events:
            start = next(events)
        assert isinstance(start, Start)
        rest = list(client.follow(start.run_id, after=0))
    assert isinstance(rest[-1], Done)
    assert sum(isinstance(event, Token) for event in rest) == rest[-1].tokens
