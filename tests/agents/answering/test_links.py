"""Which addresses stand in a source."""

import time

import pytest

from agents.answering.sources import links_of

FOUND = {
    "See [the page](https://a.example/b) or not.": ["https://a.example/b"],
    "(https://a.example/b_(c)).": ["https://a.example/b_(c)", "https://a.example/b_(c"],
    "<https://a.example/?x=1&amp;y=2>": ["https://a.example/?x=1&y=2"],
    r"https://a.example/b\_c": [r"https://a.example/b\_c", "https://a.example/b_c"],
    "| www.a.example | https://b.example|": ["www.a.example", "https://b.example"],
    "Write to help@a.example, please; or <mailto:b@c.example>.": ["help@a.example", "mailto:b@c.example"],
    "https://a.example/x, again https://a.example/x!": ["https://a.example/x"],
    "Nothing at all: http:// and a@b and ftp://c.example": [],
}


@pytest.mark.parametrize(("text", "links"), FOUND.items())
def test_addresses_as_far_as_they_reach(text: str, links: list[str]) -> None:
    assert links_of(text) == links


def test_of_many_those_at_the_beginning_are_told() -> None:
    found = links_of(" ".join(f"https://desk.example/page-{number}" for number in range(10_000)))
    assert found[0] == "https://desk.example/page-0"
    assert sum(map(len, found)) <= 4_000


@pytest.mark.parametrize("piece", ["a@", "www.", "https://", "a.", "\\_", "(", "a@b.", "https://(", "&amp;", "mailto:"])
def test_it_takes_time_in_proportion(piece: str) -> None:
    small, large = (spent("https://" + piece * (size // len(piece))) for size in (10_000, 100_000))
    assert large < max(15 * small, 0.5)


def spent(text: str) -> float:
    took = []
    for _ in range(3):
        before = time.process_time()
        links_of(text)
        took.append(time.process_time() - before)
    return min(took)
