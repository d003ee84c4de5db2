"""More documents than one answer lists: they are told a page at a time, and how many there are in each folder."""

import shutil
import sqlite3
from collections.abc import Awaitable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend import remote_library
from backend.remote_library import RemoteLibrary, T
from frontdesk.contracts.resources import DocumentPage
from knowledge.storage.documents import DocumentKey
from tests.backend.asking import as_user, key_of, keys
from tests.serving import Server, serve

MANUALS = 600
# What the desk of the tests is indexed with besides.
OTHERS = {"billing": 2, "compliance": 1, "general": 1}
OWN = 3


def manual(number: int) -> DocumentKey:
    return DocumentKey("technical", "/manuals", f"part_{number:03}.md")


def add(data: Path, keys: list[tuple[DocumentKey, str]]) -> None:
    """Documents that nothing is answered from, so that nothing need be embedded."""
    rows = [(key.id, key.folder, key.source, key.path, title, key.owner) for key, title in keys]
    with closing(sqlite3.connect(data / "knowledge.db")) as db, db:
        db.executemany(
            """INSERT INTO documents
                   (id, folder, source, path, title, owner, content_hash, version, markdown, updated_at)
               VALUES (?, ?, ?, ?, ?, ?, '', 1, 'Text.', 0)""",
            rows,
        )


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk with a shelf of manuals."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("many") / "data"))
    add(data, [(manual(number), f"Manual {number}") for number in range(MANUALS)])
    add(data, [(DocumentKey("billing", "upload", f"diary_{number}.md", "ada"), "Diary") for number in range(OWN)])
    with serve(data, API_KEYS=keys("ada", "bob", "olga"), OPERATORS="olga") as running:
        yield running


@pytest.fixture
def client(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "olga") as opened:
        yield opened


def listed(client: httpx.Client, **wanted: object) -> dict[str, Any]:
    params = {name: str(value) for name, value in wanted.items()}
    return dict(client.get("/api/documents", params=params).raise_for_status().json())


def paths(answer: dict[str, Any]) -> list[str]:
    return [document["path"] for document in answer["documents"]]


def test_a_page_says_how_many_there_are_and_of_which_folder(client: httpx.Client) -> None:
    answer = listed(client)
    assert (answer["total"], answer["limit"], answer["offset"]) == (MANUALS + 6, 100, 0)
    assert answer["folders"] == OTHERS | {"technical": MANUALS + 2}
    assert len(answer["documents"]) == 100
    assert paths(answer)[:5] == ["prices.md", "refunds.md", "privacy.md", "support.md", "part_000.md"]


def test_pages_follow_one_another_to_the_end(client: httpx.Client) -> None:
    pages = [listed(client, folder="technical", limit=250, offset=offset) for offset in range(0, 1_000, 250)]
    assert [len(page["documents"]) for page in pages] == [250, 250, 102, 0]
    assert {(page["total"], page["folders"]["billing"]) for page in pages} == {(MANUALS + 2, 2)}
    found = [path for page in pages for path in paths(page)]
    assert found == sorted(found)
    assert len(set(found)) == MANUALS + 2


def test_what_is_looked_for_is_in_titles_or_paths_as_it_is(client: httpx.Client) -> None:
    by_title = listed(client, search="manual 59")
    assert paths(by_title) == ["part_059.md", *(f"part_59{number}.md" for number in range(10))]
    assert (by_title["total"], by_title["folders"]) == (11, {"technical": 11})
    assert paths(listed(client, search="PART_01", limit=2, offset=9)) == ["part_019.md"]
    assert listed(client, search="part_0", folder="billing")["folders"] == {"technical": 100}
    assert listed(client, search="part_0", folder="billing")["total"] == 0
    # Neither stands for anything else.
    for nowhere in ("part%0", "manual_5", "\\", "%"):
        assert listed(client, search=nowhere) == {"total": 0, "limit": 100, "offset": 0, "folders": {}, "documents": []}


@pytest.mark.parametrize(
    "wanted",
    [{"limit": 0}, {"limit": 501}, {"offset": -1}, {"search": "a" * 201}, {"search": "\0"}, {"after": "../"}],
    ids=str,
)
def test_a_page_that_cannot_be_is_refused(client: httpx.Client, wanted: dict[str, object]) -> None:
    params = {name: str(value) for name, value in wanted.items()}
    refused = client.get("/api/documents", params=params)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request")


def test_what_is_a_users_own_is_listed_and_counted_for_them_alone(desk: Server) -> None:
    with as_user(desk, "ada") as ada, as_user(desk, "bob") as bob:
        assert listed(ada)["total"] == listed(bob)["total"] + OWN
        assert listed(ada)["folders"]["billing"] == OTHERS["billing"] + OWN
        assert paths(listed(ada, search="Diary")) == [f"diary_{number}.md" for number in range(OWN)]
        assert listed(bob, search="Diary")["folders"] == {}
        assert not {one["title"] for one in listed(bob, limit=500, after="")["documents"]} & {"Diary"}


def test_health_counts_everybodys_documents(client: httpx.Client) -> None:
    counted = {agent["id"]: agent["documents"] for agent in client.get("/health").json()["agents"]}
    assert counted == OTHERS | {"technical": MANUALS + 2}


class Disturbed(RemoteLibrary):
    """Whenever a page has come, a document of it is removed and another is added."""

    def __init__(self, desk: Server) -> None:
        super().__init__(desk.url, key_of("olga"))
        self.removed: list[str] = []
        self.added: list[str] = []

    async def _try(self, call: Awaitable[T]) -> T:
        answer = await super()._try(call)
        listed = answer.documents if isinstance(answer, DocumentPage) else []
        manuals = [document.id for document in listed if document.path.startswith("part_")]
        if manuals:
            self.removed.append(manuals[0])
            await self.remove(manuals[0])
            new = DocumentKey("technical", "/new", f"zz_{len(self.added)}.md")
            self.added.append((await self.put(new, b"# New\n\nText.\n")).id)
        return answer


async def test_whoever_reads_all_of_them_misses_none_that_stays(
    desk: Server, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_library, "_AT_ONCE", 60)
    before = {one["id"] for one in listed(client, folder="technical", limit=500, after="")["documents"]}
    last = max(before)
    before |= {one["id"] for one in listed(client, folder="technical", limit=500, after=last)["documents"]}
    library = Disturbed(desk)
    async with library:
        found = [info.id for info in await library.listing("technical")]
        assert len(library.removed) > 5
        for new in library.added:
            await library.remove(new)
    assert len(before) == MANUALS + 2
    assert len(set(found)) == len(found)
    assert set(found) - set(library.added) == before
