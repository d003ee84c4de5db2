"""How many bytes a user's own documents may have together."""

import concurrent.futures
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.backend.asking import as_user, refusal
from tests.backend.auth.desk import make_key, with_key
from tests.serving import Server

# MAX_OWN_BYTES of this desk.
MOST = 2_000


@pytest.fixture
def adder(desk: Server, olga: httpx.Client, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A user who has nothing yet."""
    with with_key(desk, make_key(olga, request.node.name[-60:].strip("[]"), "documents", "chat")["key"]) as client:
        yield client


def put(client: httpx.Client, name: str, size: int) -> httpx.Response:
    text = f"# {name}\n\n".encode()
    file = {"file": (name, text + b"word " * ((size - len(text)) // 5))}
    return client.post("/api/documents", data={"folder": "billing", "path": name}, files=file)


def test_own_documents_have_so_many_bytes_and_no_more(desk: Server, adder: httpx.Client) -> None:
    first, second = put(adder, "1.md", 1_200), put(adder, "2.md", 1_200)
    assert first.status_code == 200
    assert refusal(second) == (409, "own_space_full")
    assert "may have 2,000" in second.json()["error"]["message"]
    assert put(adder, "1.md", 1_900).status_code == 200, "what is replaced makes room"
    assert refusal(put(adder, "1.md", 2_100)) == (409, "own_space_full")
    with as_user(desk, "olga") as operator:
        everybodys = put(operator, "large.md", 10 * MOST)
        assert everybodys.status_code == 200
        operator.delete(f"/api/documents/{everybodys.json()['id']}").raise_for_status()
    adder.delete(f"/api/documents/{first.json()['id']}").raise_for_status()
    assert put(adder, "2.md", 1_200).status_code == 200


def test_many_at_once_get_no_more_than_one_by_one(desk: Server, adder: httpx.Client) -> None:
    def add(number: int) -> int:
        with httpx.Client(base_url=desk.url, headers=adder.headers, timeout=60, trust_env=False) as client:
            return put(client, f"{number}.md", 700).status_code

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        told = sorted(pool.map(add, range(6)))
    assert told == [200, 200, 409, 409, 409, 409]


def test_an_archive_brings_in_what_fits(adder: httpx.Client, archive: Callable[[str], bytes]) -> None:
    form = {"folder": "billing", "path": "own.zip"}
    begun = adder.post("/api/documents/archives", data=form, files={"file": archive("word " * 1_000)}).json()
    told = adder.get(f"/runs/{begun['run_id']}/stream").text
    assert "1 failed" in told
    assert "may have 2,000" in told
    assert adder.get("/api/documents").json()["folders"].get("billing", 0) == _shared(adder)


def _shared(client: httpx.Client) -> int:
    """Everybody's documents of billing."""
    listed = client.get("/api/documents?folder=billing&limit=500").json()["documents"]
    return sum(document["source"] == "" for document in listed)
