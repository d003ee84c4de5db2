"""What any store of activity figures holds; what they count is tested with the activity endpoint."""

from backend.runs.indexing_job import INDEXING
from backend.storage.activity import DAY_SECONDS
from backend.storage.stores import Stores
from frontdesk.contracts.events import Error
from tests.backend.storage.conformance.conversations import ask, begin, did, event

NOON = 20_000.5 * DAY_SECONDS


async def test_every_day_has_figures_up_to_today(stores: Stores) -> None:
    await ask(stores, created_at=NOON)
    failed = await begin(stores, created_at=NOON - 2 * DAY_SECONDS)
    await stores.runs.append_events([event(failed, 0, Error(code="internal", message="No.", retryable=True))])
    await ask(stores, created_at=NOON - 3 * DAY_SECONDS)
    summary = await stores.activity.read_summary(None, 3, NOON)
    days = [(day.day, day.figures.runs, day.figures.completed, day.figures.failed) for day in summary.days]
    assert days == [("2024-10-02", 1, 0, 1), ("2024-10-03", 0, 0, 0), ("2024-10-04", 1, 1, 0)]
    assert (summary.totals.runs, summary.totals.time_p50) == (2, 1.0)


async def test_figures_and_runs_of_one_user_are_theirs_alone(stores: Stores) -> None:
    mine = await ask(stores, created_at=NOON)
    others = await ask(stores, "b", "bob", created_at=NOON)
    assert (await stores.activity.read_summary("ada", 1, NOON)).totals.runs == 1
    assert (await stores.activity.read_summary("eve", 1, NOON)).totals.runs == 0
    total, (run,) = await stores.activity.latest_runs("ada", 0, 10, 0)
    assert (total, run.id) == (1, mine.id)
    total, both = await stores.activity.latest_runs(None, 0, 10, 0)
    assert (total, [run.id for run in both]) == (2, [others.id, mine.id])


async def test_the_latest_runs_come_first_page_by_page_also_those_under_way(stores: Stores) -> None:
    await ask(stores, created_at=1.0)
    old, same = await ask(stores, created_at=NOON), await ask(stores, created_at=NOON)
    open_run = await begin(stores, created_at=NOON + 1)
    await ask(stores, "work", agent_id=INDEXING, created_at=NOON)
    total, runs = await stores.activity.latest_runs("ada", NOON, 10, 0)
    assert (total, [run.id for run in runs]) == (3, [open_run.id, same.id, old.id])
    assert [run.time for run in runs] == [None, 1.0, 1.0]
    assert [run.id for run in (await stores.activity.latest_runs("ada", NOON, 1, 1))[1]] == [same.id]


async def test_a_run_of_a_deleted_conversation_names_no_session(stores: Stores) -> None:
    run = await ask(stores)
    assert (await stores.activity.latest_runs("ada", 0, 1, 0))[1][0].session_id == run.session_id
    await stores.threads.put_away("ada", "t", did("conversation.delete"))
    assert (await stores.activity.latest_runs("ada", 0, 1, 0))[1][0].session_id is None
