"""Whoever loses the connection reads on from any number: during the answer, after it, and in the desk's next life."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.follower import Follower, asking, following
from tests.serving import Server, serve

FOLLOWERS = 10
SHORT = "How are refunds paid? 40 tokens, 10 ms apart"
BOUND = 120  # seconds


async def reconnecting(server: Server, run_id: str) -> list[bytes]:
    """The frames of a run, each over a connection of its own."""
    follower = Follower()
    async with asyncio.timeout(BOUND):
        while not follower.ended:
            await follower.read(server, following(server, run_id, len(follower.frames) - 1), most=1)
    return follower.frames


async def all_reconnecting(server: Server, run_id: str) -> list[list[bytes]]:
    return await asyncio.gather(*(reconnecting(server, run_id) for _ in range(FOLLOWERS)))


async def test_a_connection_for_every_event_brings_the_same_bytes(data_dir: Path) -> None:
    asker = Follower()
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server:
        reading = asyncio.create_task(asker.read(server, asking(server, SHORT)))
        await asker.begun.wait()
        during = await all_reconnecting(server, asker.run_id)
        await reading
        after = await all_reconnecting(server, asker.run_id)
        server.kill()
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server:
        restarted = await all_reconnecting(server, asker.run_id)
    assert asker.ended
    assert asker.text == "".join(f"word{number} " for number in range(40))
    assert during == after == restarted == [asker.frames] * FOLLOWERS


async def test_what_a_killed_desk_had_said_and_what_follows_are_one_stream(data_dir: Path) -> None:
    asker = Follower()
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server:
        await asker.read(server, asking(server, SHORT), most=25)
        server.kill()
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server:
        during = await all_reconnecting(server, asker.run_id)
        after = await all_reconnecting(server, asker.run_id)
    assert during == after == [during[0]] * FOLLOWERS
    assert during[0][:25] == asker.frames
    assert sum(b'"type":"reset"' in frame for frame in during[0]) == 1


@pytest.fixture(scope="module")
def scripted(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("resume") / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0) as running:
        yield running


@pytest.mark.parametrize(
    ("query", "last_event_id", "begins"),
    [
        ("", None, 0),
        ("?after=-1", None, 0),
        ("", "-1", 0),
        ("?after=3", None, 4),
        ("", "3", 4),
        ("?after=3", "7", 4),
        ("?after=100000", None, None),
        ("", "100000", None),
    ],
)
async def test_an_answer_that_has_ended_is_read_from_any_number(
    scripted: Server, query: str, last_event_id: str | None, begins: int | None
) -> None:
    asker = Follower()
    await asker.read(scripted, asking(scripted, "How are refunds paid? 3 tokens"))
    headers = {"last-event-id": last_event_id} if last_event_id else {}
    with scripted.client() as client:
        response = client.get(f"/runs/{asker.run_id}/stream{query}", headers=headers)
    expected = [] if begins is None else asker.frames[begins:]
    assert response.status_code == 200
    assert response.content == b"".join(expected)
