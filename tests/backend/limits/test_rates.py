"""Who uploads, searches or tries keys too often is told when to come again, and a line of the log says so once."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.errors import SettingsInvalid
from backend.errors import RateLimited
from backend.limits.addresses import network_of
from backend.limits.rates import Limit, RateLimits
from backend.limits.windows import MovingWindow
from backend.settings import Settings
from tests.backend.asking import Provided, as_user, key_of, keys, provided, refusal

LIMITS: dict[str, Any] = {
    "API_KEYS": keys("boss", "ann", "ben", "cat"),
    "OPERATORS": "boss",
    "UPLOAD_RATE": "2/hour",
    "SEARCH_RATE": "8/hour",
    "KEY_RATE": "3/hour",
}
LISTS = [
    "/api/threads?search=refund",
    "/api/documents?search=refund",
    "/api/handovers",
    "/api/activity",
    "/api/agents/billing/threads",
]


@pytest.fixture(scope="module")
def running(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    with provided(indexed, tmp_path_factory.mktemp("rates"), **LIMITS) as opened:
        yield opened


def upload(client: httpx.Client, path: str) -> httpx.Response:
    return client.post("/api/documents", data={"folder": "billing", "path": path}, files={"file": b"# A note\n\nText."})


def lines(running: Provided) -> list[str]:
    log = running.desk.data_dir.parent / f"{running.desk.data_dir.name}-server.log"
    return [line for line in log.read_text().splitlines() if "begins to bite" in line]


def test_who_uploads_too_often_waits_and_nobody_else_does(running: Provided) -> None:
    with (
        as_user(running.desk, "ann") as ann,
        as_user(running.desk, "ben") as ben,
        as_user(running.desk, "boss") as boss,
    ):
        assert [upload(ann, f"{number}.md").status_code for number in range(2)] == [200, 200]
        refused = upload(ann, "3.md")
        assert refusal(refused) == (429, "rate_limited")
        assert 3_000 < int(refused.headers["retry-after"]) <= 3_600
        archive = {"folder": "billing", "path": "a.zip"}
        sent = ann.post("/api/documents/archives", data=archive, files={"file": b"no archive"})
        assert refusal(sent) == (429, "rate_limited")
        assert ann.get("/api/documents?search=note").json()["total"] == 2
        assert upload(ben, "1.md").status_code == 200
        assert [upload(boss, f"{number}.md").status_code for number in range(4)] == [200] * 4
    assert len([line for line in lines(running) if "UPLOAD_RATE" in line]) == 1
    assert "ann" in lines(running)[0]


def test_who_lists_and_searches_too_often_waits_and_nobody_else_does(running: Provided) -> None:
    with as_user(running.desk, "cat") as cat, as_user(running.desk, "boss") as boss:
        assert [cat.get(path).status_code for path in LISTS] == [200] * len(LISTS)
        ask = {"question": "How are refunds made?"}
        assert cat.post("/api/agents/route", json=ask).status_code == 200
        assert [cat.get("/api/threads").status_code for _ in range(4)] == [200, 200, 429, 429]
        assert {cat.get(path).status_code for path in LISTS} == {429}
        assert refusal(cat.post("/api/agents/route", json=ask)) == (429, "rate_limited")
        assert int(cat.get("/api/threads").headers["retry-after"]) > 3_000
        assert cat.post("/chat", json={"message": "Hello!"}).status_code == 200
        assert boss.get("/api/unanswered").status_code == 200
    assert len([line for line in lines(running) if "SEARCH_RATE" in line]) == 1


def test_wrong_keys_wait_and_right_ones_from_the_same_address_pass(running: Provided) -> None:
    with running.desk.client(headers={"authorization": "Bearer fd-wrong"}) as stranger:
        assert [stranger.get("/api/threads").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
        refused = stranger.get("/api/agents", headers={"x-api-key": "fd-other"})
        assert refusal(refused) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 3_000
    # Whoever sends none has tried none.
    with running.desk.client() as nobody:
        assert refusal(nobody.get("/api/agents")) == (401, "key_refused")
    with as_user(running.desk, "ben") as ben:
        assert ben.get("/api/agents").status_code == 200
    (line,) = [line for line in lines(running) if "KEY_RATE" in line]
    assert "127.0.0.1" in line
    assert "fd-" not in line
    assert key_of("ben") not in line


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def limited(clock: Clock, **settings: Any) -> RateLimits:
    return RateLimits(Settings(**settings), clock)


def passes(door: RateLimits, limit: Limit, who: str) -> bool:
    try:
        door.check(limit, who)
    except RateLimited:
        return False
    return True


def test_a_window_moves_with_the_clock() -> None:
    clock = Clock()
    door = limited(clock, upload_rate="2/minute")
    assert [passes(door, "uploads", "ann") for _ in range(3)] == [True, True, False]
    clock.now += 59
    assert not passes(door, "uploads", "ann")
    clock.now += 1
    assert [passes(door, "uploads", "ann") for _ in range(3)] == [True, True, False]


def test_the_log_tells_of_a_limit_once_in_a_while_and_of_a_thousand_addresses_in_few_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    door = limited(clock, key_rate="1/minute")
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            passes(door, "keys", "192.0.2.1")
            clock.now += 1
        assert len(caplog.records) == 1
        for number in range(2_000):
            passes(door, "keys", f"address {number % 1_000}")
    assert len(caplog.records) <= 61


def test_no_number_of_addresses_fills_the_memory() -> None:
    clock = Clock()
    window = MovingWindow(1, 60, clock, most_names=10)
    for number in range(100):
        assert window.count_hit(str(number)) == 0
    assert len(window) == 10
    assert [bool(window.count_hit(name)) for name in ("99", "90", "0")] == [True, True, False]
    clock.now += 120
    assert window.count_hit("the last") == 0
    assert len(window) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, "nowhere"),
    ],
)
def test_a_customer_of_a_network_is_one_address(address: str | None, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("name", ["upload_rate", "search_rate", "key_rate"])
def test_what_is_no_rate_is_refused_by_the_name_of_its_setting(name: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"{name.upper()}=often: write it like 60/minute"):
        RateLimits(Settings.model_validate({name: "often"}))


def test_without_keys_nothing_is_limited_unless_it_is_said() -> None:
    door, clock = limited(Clock()), Clock()
    assert all(passes(door, limit, "local") for limit in ("uploads", "searches", "keys") for _ in range(1_000))
    assert not passes(limited(clock, search_rate="0/minute"), "searches", "local")
