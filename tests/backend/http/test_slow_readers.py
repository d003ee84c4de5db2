"""Clients that do not read, and clients that vanish: neither costs the desk anything that stays."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.models.upstream import until
from tests.follower import Follower, asking, following
from tests.resetting import POOL, endless, held, reset_many, silent, tasks
from tests.serving import Server, serve

# More than all buffers on the way hold for a client that reads nothing.
MUCH = "How are refunds paid? 6000 tokens"
RESETS, SEED = 200, 7
BOUND = 90  # seconds


@pytest.fixture(scope="module")
def scripted(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("slow") / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, SLOW_READER_SECONDS=1) as running:
        yield running


async def test_a_client_that_does_not_read_is_dropped_and_can_come_back(scripted: Server) -> None:
    before = held(scripted)
    asker, again = Follower(), Follower()
    await asker.read(scripted, asking(scripted, MUCH))
    with silent(scripted, following(scripted, asker.run_id, -1)):
        await until(lambda: held(scripted).dropped == before.dropped + 1, BOUND)
        await until(lambda: held(scripted).streams == before.streams, BOUND)
    await again.read(scripted, following(scripted, asker.run_id, -1))
    assert asker.ended
    assert again.frames == asker.frames


async def test_an_answer_that_its_asker_does_not_read_is_whole_all_the_same(scripted: Server) -> None:
    before = held(scripted)
    with silent(scripted, asking(scripted, MUCH, session_id="unread")):
        await until(lambda: held(scripted).dropped == before.dropped + 1, BOUND)
        await until(lambda: held(scripted).runs == before.runs, BOUND)
    with scripted.client() as client:
        (thread,) = [
            thread for thread in client.get("/api/threads").json()["threads"] if thread["session_id"] == "unread"
        ]
        answer = client.get(f"/api/threads/{thread['id']}").json()["history"][-1]["content"]
    assert answer == "".join(f"word{number} " for number in range(6000))


async def test_connections_that_are_reset_leave_nothing_behind(scripted: Server) -> None:
    async with endless(scripted) as run_id:
        await reset_many(scripted, run_id, 20, random.Random(SEED))
        await until(lambda: held(scripted).runs == 1, BOUND)
        before, tasks_before = held(scripted), tasks(scripted)
        await reset_many(scripted, run_id, RESETS, random.Random(SEED))
        await until(lambda: held(scripted).runs == 1, BOUND)
        await until(lambda: held(scripted).descriptors <= before.descriptors + POOL, BOUND)
        # What an answer leaves to be done after its end is done soon; what a connection leaked would stay.
        await until(lambda: tasks(scripted) <= tasks_before, BOUND)
        after = held(scripted)
    assert (after.streams, after.runs) == (1, 1)
    assert after.threads <= before.threads + POOL
