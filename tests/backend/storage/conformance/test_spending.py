"""What any store of spending holds."""

from backend.storage.stores import Stores
from frontdesk.contracts.events import Spent, Usage

DAY = 86_400
NOON = 20_000.5 * DAY


async def test_spending_adds_up_for_one_user_and_one_day(stores: Stores) -> None:
    spent = Spent(usage=Usage(prompt=10, completion=2, total=12), cost_usd=0.25)
    assert await stores.spending.spent_on_day("ada", NOON) == (0, 0.0)
    for user, at in (("ada", NOON), ("ada", NOON + DAY / 2 - 1), ("ada", NOON + DAY / 2), ("bob", NOON)):
        await stores.spending.add_spending(user, spent, at)
    assert await stores.spending.spent_on_day("ada", NOON - DAY / 2) == (24, 0.5)
    assert await stores.spending.spent_on_day("ada", NOON + DAY) == (12, 0.25)
    assert await stores.spending.spent_on_day("ada", NOON - DAY) == (0, 0.0)
