"""A clock that is set back, or forward, locks nobody out, gives nobody a second budget and changes no order."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.models.allowance import Expense
from agents.models.model_name import ModelName
from agents.models.provider import ModelProvider
from agents.settings import AgentSettings
from backend.desk import OpenDesk, open_desk
from backend.errors import BudgetSpent, RateLimited
from backend.limits.clock import DeskClock
from backend.limits.windows import MovingWindow
from backend.runs.admission import RunAdmission
from backend.runs.intake import RunRequest
from backend.runs.queue import RunQueue
from backend.settings import Settings
from backend.storage.handoffs import HandoffRequest
from backend.storage.runs import StoredEvent, StoredRun
from backend.storage.sql import migrations
from backend.storage.sql.migrations import order_by_place
from backend.storage.stores import sql_stores
from frontdesk.contracts.events import Spent, TraceStart, Usage
from knowledge.storage.database import Connection, Database
from knowledge.storage.sqlite import SqliteDatabase
from tests.scripted import FollowsScript
from tests.streaming_model import ScriptedProvider

DAY = 86_400.0
NOON = 20_000 * DAY + DAY / 2


class Machine:
    """A machine whose clock is set, while its time passes as it does."""

    def __init__(self, wall: float = NOON) -> None:
        self.wall, self.elapsed = wall, 1_000.0
        self.clock = DeskClock(lambda: self.wall, lambda: self.elapsed)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.elapsed += seconds


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


def test_the_desk_s_clock_goes_on_where_the_machine_s_is_set_back() -> None:
    machine = Machine()
    machine.wall -= DAY
    assert machine.clock.now() == NOON
    machine.pass_time(60)
    assert machine.clock.now() == NOON + 60
    machine.wall += 3 * DAY
    assert machine.clock.now() == NOON + 60 + 2 * DAY
    machine.wall -= 2 * DAY
    machine.pass_time(60)
    assert machine.clock.now() == NOON + 120 + 2 * DAY


@pytest.mark.parametrize("jump", [-365 * DAY, -DAY, -3_600, 3_600, 365 * DAY])
async def test_a_rate_lasts_as_long_as_it_says_however_the_clock_is_set(database: Database, jump: float) -> None:
    machine = Machine()
    door = RunAdmission(Settings(rate_limit="2/minute"), sql_stores(database).spending, RunQueue(), machine.clock)
    for _ in range(2):
        await door.check_rate("ada")
    machine.wall += jump
    with pytest.raises(RateLimited) as refused:
        await door.check_rate("ada")
    assert refused.value.retry_after == 60
    machine.pass_time(60)
    await door.check_rate("ada")


@pytest.mark.parametrize("jump", [-365 * DAY, -DAY, -DAY / 2 - 1])
async def test_a_clock_that_is_set_back_brings_back_no_day(database: Database, jump: float) -> None:
    machine = Machine()
    door = RunAdmission(Settings(daily_tokens=1_000), sql_stores(database).spending, RunQueue(), machine.clock)
    took = Spent(usage=Usage(prompt=1_000, total=1_000))
    # Yesterday was spent, today is not: whoever sets the clock back has today's budget still.
    for days in (1, 365, 366):
        await sql_stores(database).spending.add_spending("ada", took, NOON - days * DAY)
    machine.wall += jump
    async with door.admitted("ada", Expense(1)):
        pass
    await sql_stores(database).spending.add_spending("ada", took, machine.clock.now())
    with pytest.raises(BudgetSpent) as refused:
        async with door.admitted("ada", Expense(1)):
            pass
    assert refused.value.retry_after == DAY / 2
    machine.pass_time(refused.value.retry_after)
    async with door.admitted("ada", Expense(1)):
        pass


def test_a_window_forgets_whoever_has_not_come_for_as_long_as_it_lasts() -> None:
    machine = Machine()
    window = MovingWindow(2, 60, lambda: machine.elapsed)
    for number in range(100):
        assert window.count_hit(f"user{number}") == 0
    machine.pass_time(30)
    assert [window.count_hit("user0"), window.count_hit("user0")] == [0, 30]
    machine.pass_time(30)
    assert [window.count_hit("user0"), window.count_hit("user0")] == [0, 30]
    assert len(window) == 1


@asynccontextmanager
async def desk_at(data_dir: Path, machine: Machine) -> AsyncIterator[OpenDesk]:
    def make(name: ModelName, settings: AgentSettings) -> ModelProvider:
        return ScriptedProvider(FollowsScript())

    settings = Settings(
        data_dir=data_dir,
        answer_threshold=0,
        supervisor_model="embedded",
        worker_model="openai:scripted",
        embedded_fallback=False,
    )
    async with open_desk(settings, make, machine.clock) as desk:
        yield desk


async def answered(desk: OpenDesk, number: int) -> StoredRun:
    question = f"How are refunds paid, {number}? 2 tokens"
    run = await desk.runs.start(RunRequest("local", question, session_id="s"))
    async for _ in desk.runs.follow(run.id):
        pass
    return await desk.runs.get(run.id, "local")


async def test_a_conversation_keeps_its_order_over_a_restart_with_an_older_clock(data_dir: Path) -> None:
    runs = []
    for number, days in enumerate((0, -1, -400)):
        async with desk_at(data_dir, Machine(NOON + days * DAY)) as desk:
            runs.append(await answered(desk, number))
    thread_id = runs[0].thread_id
    async with desk_at(data_dir, Machine(NOON - 400 * DAY)) as desk:
        messages = await desk.stores.threads.all_messages(thread_id)
        thread = await desk.stores.threads.get("local", thread_id)
        handoff = await desk.stores.handoffs.request_person(HandoffRequest("local", thread_id, "me", "help"))
        waiting = await desk.stores.handoffs.get(handoff)
    asked = [run.id for run in runs]
    assert [message.run_id for message in messages] == [run_id for run_id in asked for _ in range(2)]
    assert [message.role for message in messages] == ["user", "assistant"] * 3
    assert thread
    assert thread.updated_at == NOON
    assert waiting
    assert [line[:24] for line in waiting.summary.splitlines()] == [f"How are refunds paid, {n}?" for n in range(3)]


@pytest.mark.parametrize("jump", [-DAY, DAY])
async def test_a_run_takes_as_long_as_it_takes_while_the_clock_is_set(data_dir: Path, jump: float) -> None:
    machine = Machine()
    async with desk_at(data_dir, machine) as desk:
        run = await desk.runs.start(RunRequest("local", "How are refunds paid? 3 tokens then hang"))
        heard = 0
        async for frames in desk.runs.follow(run.id):
            heard += sum(b'"type":"token"' in frame for frame in frames)
            if heard == 3:
                break
        machine.wall += jump
        machine.elapsed += 7
        await desk.runs.cancel(run.id, "local", "enough")
        async for _ in desk.runs.follow(run.id, 2**40):
            pass
        ended = await desk.runs.get(run.id, "local")
        steps = (await desk.stores.runs.read_details(run.id)).steps
        _, (told,) = await desk.stores.activity.latest_runs(None, 0, 10, 0)
    assert ended.ended_at
    assert ended.ended_at - ended.created_at == pytest.approx(7)
    assert told.time == pytest.approx(7)
    assert [step.started_at for step in steps] == sorted(step.started_at for step in steps)


async def test_places_are_those_that_rows_had_and_survive_a_backup(tmp_path: Path) -> None:
    earlier = migrations.MIGRATIONS[: migrations.MIGRATIONS.index(order_by_place)]
    old = SqliteDatabase(tmp_path / "desk.db", earlier)

    def fill(db: Connection) -> None:
        db.execute("INSERT INTO threads VALUES ('t', 'local', 'supervisor', 's', 'title', 1, 1, NULL)")
        # Their clock went backwards, and their ids are in no order.
        for number, name in enumerate("dacbe"):
            db.execute(
                """INSERT INTO runs (id, thread_id, session_id, status, question, created_at)
                   VALUES (?, 't', 's', 'completed', ?, ?)""",
                (name, name, 100 - number),
            )
            db.execute(
                "INSERT INTO messages (id, thread_id, run_id, role, content, created_at) VALUES (?,'t',?,'user',?,?)",
                (f"m{name}", name, name, 100 - number),
            )
            db.execute(
                """INSERT INTO steps (run_id, step_id, step_type, step_name, status, started_at)
                   VALUES ('d', ?, 'agent', 'a', 'completed', ?)""",
                (name, number),
            )

    await old.write(fill)
    await old.close()
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    run = StoredRun("f", "t", "s", "local", "supervisor", "in_progress", "f", 50.0)
    await opened.write(lambda db: db.execute("DELETE FROM messages WHERE id = 'mc'") and None)
    await sql_stores(opened).runs.begin_run(run, "mf", continues=True)
    step = TraceStart(step_id="0", step_type="agent", step_name="a", agent="a")
    await sql_stores(opened).runs.append_events([StoredEvent("d", 9, step, b"{}", 0.0)])
    await opened.close()
    with sqlite3.connect(tmp_path / "desk.db") as db:
        db.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    copy = SqliteDatabase(tmp_path / "copy.db", migrations.MIGRATIONS)
    messages = await sql_stores(copy).threads.all_messages("t")
    steps = (await sql_stores(copy).runs.read_details("d")).steps
    await copy.close()
    assert [message.content for message in messages] == list("dabef")
    assert [one.step_id for one in steps] == [*"dacbe", "0"]
