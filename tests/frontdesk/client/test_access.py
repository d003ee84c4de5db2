"""Keys and the audit log by both clients, each as its shape."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import AsyncDesk, Desk
from frontdesk.client.errors import Refused
from frontdesk.contracts import access
from tests.backend.asking import key_of, keys
from tests.serving import Server, serve
from ui.runtime import api


@pytest.fixture(scope="module")
def keyed(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("client") / "data"))
    with serve(data, "tests.scripted", API_KEYS=keys("ada", "olga"), OPERATORS="olga") as running:
        yield running


class Olga:
    """An operator, by either client."""

    def __init__(self, url: str, by: type[Desk | AsyncDesk]) -> None:
        self._url = url
        self._by = by

    def __call__(self, door: str, *args: Any, **choices: Any) -> Any:
        if self._by is Desk:
            with Desk(self._url, key_of("olga")) as desk:
                return getattr(desk, door)(*args, **choices)

        async def calling() -> Any:
            async with AsyncDesk(self._url, key_of("olga")) as desk:
                return await getattr(desk, door)(*args, **choices)

        return asyncio.run(calling())


@pytest.fixture(params=[Desk, AsyncDesk], ids=["sync", "async"])
def olga(keyed: Server, request: pytest.FixtureRequest) -> Olga:
    return Olga(keyed.url, request.param)


def test_a_key_is_made_listed_and_revoked(keyed: Server, olga: Olga) -> None:
    made = olga("make_key", "eve", ["chat"], label="laptop", expires_in=3_600)
    assert isinstance(made, access.MadeKey)
    with Desk(keyed.url, made.key) as eve:
        assert eve.info().user.scopes == ["chat"]
        (listed,) = [key for key in olga("keys", limit=200).keys if key.id == made.id]
        assert listed.last_used_at is not None
        assert olga("revoke_key", made.id).state == "revoked"
        with pytest.raises(Refused) as refused:
            eve.threads()
    assert (refused.value.status, refused.value.code) == (401, "key_refused")


def test_the_audit_log_is_read_in_pages_and_as_csv(olga: Olga) -> None:
    first, second = (olga("make_key", "eve", ["documents"]) for _ in range(2))
    page = olga("audit", action="key.make", limit=1)
    assert [one.target for one in page.entries] == [second.id]
    rest = olga("audit", action="key.make", limit=1, before=page.before_place)
    assert [one.target for one in rest.entries] == [first.id]
    assert olga("audit", target=first.id, since=page.entries[0].at).entries == []
    assert olga("audit", target=first.id, until=page.entries[0].at).entries == rest.entries
    assert second.id in olga("audit_csv", action="key.make")
    assert olga("audit_check") == access.AuditCheck(whole=True, broken_at=None)


def test_agents_are_shown_to_users_without_what_is_for_operators(keyed: Server) -> None:
    with Desk(keyed.url, key_of("ada")) as ada, Desk(keyed.url, key_of("olga")) as olga:
        (theirs,) = [agent for agent in ada.agents().agents if agent.id == "billing"]
        shown = olga.agent("billing")
    assert theirs == shown.model_copy(
        update={"prompt": None, "strategy": None, "model": None, "tools": [], "cache": None, "origin": None}
    )


async def test_who_sits_at_a_page_is_told_apart_by_their_own_address(keyed: Server) -> None:
    before = api._ApiAddress.url
    api.set_address(keyed.url)
    try:
        for address in ("192.0.2.7", "2001:db8::7", "no address\n"):
            async with api.create_client(key_of("olga"), address) as desk:
                await desk.make_key("eve", ["chat"])
    finally:
        api.set_address(before)
    with Desk(keyed.url, key_of("olga")) as olga:
        told = [entry.address for entry in olga.audit(action="key.make", limit=3).entries]
    assert told == ["127.0.0.1", "2001:db8::7", "192.0.2.7"]
