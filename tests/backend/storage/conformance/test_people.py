"""What is stored of a person: names, amounts, and all records, page by page, with nothing of others."""

from collections.abc import AsyncIterator
from typing import Any

from backend.auth.audit import SYSTEM, Actor
from backend.storage.people import UserConversations
from backend.storage.stores import Stores
from knowledge.storage.database import Database
from tests.backend.storage.conformance.histories import add_conversation, add_handover, add_spending

MORE_THAN_A_PAGE = 230


async def all_of(records: AsyncIterator[Any]) -> list[Any]:
    return [record async for record in records]


async def test_everybody_who_has_left_something_is_known(stores: Stores, database: Database) -> None:
    await add_conversation(database, "ann")
    await add_handover(database, "bob", created_at=1.0)
    await add_spending(database, "cleo", "2001-01-01")
    assert sorted(await stores.people.user_names()) == ["ann", "bob", "cleo"]


async def test_the_amount_of_what_is_there_is_measured_in_bytes_of_text(stores: Stores, database: Database) -> None:
    await add_conversation(database, "ann", runs=2, used_at=5.0)
    await add_conversation(database, "ann", used_at=7.0)
    await add_handover(database, "ann", created_at=1.0)
    written = 3 * sum(len(f"Said by {role}: é".encode()) for role in ("user", "assistant"))
    assert await stores.people.measure_conversations(["ann", "nobody"]) == {
        "ann": UserConversations(2, 3, 1, written, 7.0),
        "nobody": UserConversations(0, 0, 0, 0, None),
    }


async def test_conversations_are_read_oldest_first_and_all_of_them(stores: Stores, database: Database) -> None:
    # Several are as old as others.
    ids = [await add_conversation(database, "ann", used_at=1.0 + number // 7) for number in range(MORE_THAN_A_PAGE)]
    await add_conversation(database, "bob")
    threads = await all_of(stores.personal_data.threads_of("ann"))
    assert {thread.id for thread in threads} == set(ids)
    assert len(threads) == MORE_THAN_A_PAGE
    assert [thread.created_at for thread in threads] == sorted(thread.created_at for thread in threads)


async def test_a_conversation_is_read_with_all_that_belongs_to_it(stores: Stores, database: Database) -> None:
    thread_id = await add_conversation(database, "ann", runs=MORE_THAN_A_PAGE)
    await add_conversation(database, "ann")
    runs = await all_of(stores.personal_data.runs_of(thread_id))
    messages = await all_of(stores.personal_data.messages_of(thread_id))
    shown = await all_of(stores.personal_data.shown_messages_of(thread_id))
    assert len({run["id"] for run in runs}) == len(runs) == MORE_THAN_A_PAGE
    assert [message["run_id"] for message in messages] == [run["id"] for run in runs for _ in range(2)]
    assert len(shown) == len(messages)
    assert messages[0]["data"] == '{"sources": []}'
    first = runs[0]["id"]
    assert await all_of(stores.personal_data.events_of(first)) == [{"payload": b'{"type":"token"}'}] * 3
    assert [step["step_id"] for step in await stores.personal_data.steps_of(first)] == ["route"]
    assert [rating["comment"] for rating in await stores.personal_data.ratings_of(first)] == ["Good."]


async def test_what_is_not_in_conversations_is_read_in_its_order(stores: Stores, database: Database) -> None:
    days = [f"20{year}-01-{day:02}" for year in range(10, 18) for day in range(1, 31)]
    for number, day in enumerate(reversed(days)):
        await add_spending(database, "ann", day)
        await add_handover(database, "ann", created_at=float(number))
    await add_handover(database, "bob", created_at=1.0)
    await add_spending(database, "bob", "2001-01-01")
    assert [record["day"] for record in await all_of(stores.personal_data.spending_of("ann"))] == days
    handovers = await all_of(stores.personal_data.handovers_of("ann"))
    assert [record["created_at"] for record in handovers] == [float(number) for number in range(len(days))]


async def test_figures_are_read_day_by_day(stores: Stores, database: Database) -> None:
    for day in (3, 1, 2):
        await add_conversation(database, "ann", runs=MORE_THAN_A_PAGE, used_at=day * 86_400.0)
    await add_conversation(database, "bob")
    figures = await all_of(stores.personal_data.figures_of("ann"))
    assert [record["day"] for record in figures] == [day for day in (1, 2, 3) for _ in range(MORE_THAN_A_PAGE)]


async def test_audit_entries_of_others_are_read_without_what_is_theirs(stores: Stores) -> None:
    ann, boss = Actor("ann", "192.0.2.7", "key-of-ann"), Actor("boss", "192.0.2.8", "key-of-boss")
    await stores.audit.append(
        [
            ann.did("agent.change", "sales", None, {"prompt": "Of all."}),
            boss.did("key.make", "k1", None, {"label": "Of Ann."}, person="ann"),
            ann.did("person.export", "ann", None, {"format": "zip"}, person="ann"),
            boss.did("agent.delete", "sales"),
            SYSTEM.did("key.make", "k2", person="bob"),
        ]
    )
    told = await all_of(stores.personal_data.audit_entries_of("ann"))
    assert [(record["place"], record["action"]) for record in told] == [
        (1, "agent.change"),
        (2, "key.make"),
        (3, "person.export"),
    ]
    own, of_others, about_self = told
    assert (own["address"], own["key_id"], own["after"]) == ("192.0.2.7", "key-of-ann", None)
    assert [of_others[name] for name in ("address", "key_id", "before", "after", "hash")] == [None] * 5
    assert about_self["after"] == '{"format": "zip"}'


async def test_audit_entries_are_read_in_pages_too(stores: Stores) -> None:
    ann, boss = Actor("ann", None), Actor("boss", None)
    await stores.audit.append(
        [(ann if number % 2 else boss).did("x", "y", person="ann") for number in range(MORE_THAN_A_PAGE)]
    )
    told = await all_of(stores.personal_data.audit_entries_of("ann"))
    assert [record["place"] for record in told] == list(range(1, MORE_THAN_A_PAGE + 1))
