"""How long pages are remembered, and how many of them."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from reflex.istate.manager.token import StateToken

from ui.runtime import state_manager as states
from ui.runtime.state_manager import SECONDS_AFTER, OpenPages


class State:
    """What is kept of a page."""


@dataclass
class Sockets:
    open: set[str] = field(default_factory=set)


@pytest.fixture
def sockets() -> Sockets:
    return Sockets()


@pytest.fixture
async def kept(sockets: Sockets) -> AsyncIterator[OpenPages]:
    pages = OpenPages(lambda: sockets.open)
    yield pages
    await pages.close()


def page(name: str) -> StateToken[State]:
    return StateToken(ident=name, cls=State)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)


async def test_a_page_is_remembered_as_long_as_its_socket_is_open(
    kept: OpenPages, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = {name: await kept.get_state(page(name)) for name in ("open", "closed")}
    sockets.open = {"open"}
    later(monkeypatch, 3_600)
    kept._purge_expired_tokens()
    assert await kept.get_state(page("open")) is states["open"]
    assert await kept.get_state(page("closed")) is not states["closed"]


async def test_a_page_whose_socket_was_lost_is_remembered_for_a_while(
    kept: OpenPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await kept.get_state(page("lost"))
    later(monkeypatch, SECONDS_AFTER - 5)
    kept._purge_expired_tokens()
    assert await kept.get_state(page("lost")) is state


async def test_of_pages_without_a_socket_fewer_are_kept(
    kept: OpenPages, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MOST_CLOSED", 2)
    sockets.open = {"open"}
    for name in ("open", "old", "new", "another"):
        await kept.get_state(page(name))
    assert {token.ident for _, token in kept._token_expires_at.values()} == {"open", "new", "another"}


async def test_of_too_many_pages_the_oldest_closed_one_is_forgotten(
    kept: OpenPages, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MOST_PAGES", 3)
    for name in ("open", "old", "new"):
        await kept.get_state(page(name))
    sockets.open = {"open"}
    await kept.get_state(page("another"))
    assert {token.ident for _, token in kept._token_expires_at.values()} == {"open", "new", "another"}
