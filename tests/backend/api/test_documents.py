"""Documents come and go while the desk serves, and every answer knows what there is."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Server, serve

LIMIT = 2_000
VALID_36 = "# Gift vouchers\n\nA gift voucher can be spent within 36 months.\n"
VALID_24 = "# Gift vouchers\n\nA gift voucher can be spent within 24 months.\n"
VOUCHERS = "Within how many months can a gift voucher be spent?"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk that takes small documents only."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("documents") / "data"))
    with serve(data, MAX_DOCUMENT_BYTES=LIMIT) as running:
        yield running


@pytest.fixture
def client(desk: Server) -> Iterator[httpx.Client]:
    """That desk's client; what a test stored is removed after it."""
    with desk.client() as opened:
        before = {document["id"] for document in listing(opened)}
        yield opened
        for document in listing(opened):
            if document["id"] not in before:
                opened.delete(f"/api/documents/{document['id']}").raise_for_status()


def upload(client: httpx.Client, content: str | bytes, **fields: str) -> httpx.Response:
    data = {"folder": "billing", "path": "vouchers.md"} | fields
    return client.post("/api/documents", files={"file": ("any-name", content)}, data=data)


def listing(client: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    return list(client.get("/api/documents", params=filters).json()["documents"])


def ask(client: httpx.Client, message: str, **session: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message} | session).raise_for_status().json())


def error_of(response: httpx.Response) -> tuple[int, str]:
    assert response.json()["error"]["message"]
    return response.status_code, response.json()["error"]["code"]


def test_the_indexed_documents_are_listed_by_folder(client: httpx.Client) -> None:
    documents = listing(client)
    assert [(document["folder"], document["path"]) for document in documents] == [
        ("billing", "prices.md"),
        ("billing", "refunds.md"),
        ("compliance", "privacy.md"),
        ("general", "support.md"),
        ("technical", "rate-limits.txt"),
        ("technical", "uploads.md"),
    ]
    assert listing(client, folder="technical") == documents[4:]
    assert listing(client, folder="nowhere") == []
    assert {(document["title"], document["version"]) for document in documents[:2]} == {("Prices", 1), ("Refunds", 1)}


def test_an_uploaded_document_is_listed_as_it_was_answered(client: httpx.Client) -> None:
    stored = upload(client, VALID_36).raise_for_status().json()
    assert (stored["folder"], stored["source"], stored["path"]) == ("billing", "upload", "vouchers.md")
    assert (stored["title"], stored["version"], stored["chunks"]) == ("Gift vouchers", 1, 1)
    assert stored in listing(client, folder="billing")
    assert stored not in listing(client, folder="general")


def test_a_second_upload_of_the_same_path_is_its_next_version(client: httpx.Client) -> None:
    first = upload(client, VALID_36).json()
    second = upload(client, "# New title\n\n## One\n\nText.\n\n## Two\n\nText.\n").json()
    assert (second["id"], second["version"], second["title"], second["chunks"]) == (first["id"], 2, "New title", 2)
    assert second["content_hash"] != first["content_hash"]
    assert [document for document in listing(client) if document["path"] == "vouchers.md"] == [second]


def test_another_source_or_folder_makes_another_document(client: httpx.Client) -> None:
    stored = [
        upload(client, VALID_36).json(),
        upload(client, VALID_36, source="elsewhere").json(),
        upload(client, VALID_36, folder="general").json(),
    ]
    assert len({document["id"] for document in stored}) == 3
    assert [document["version"] for document in stored] == [1, 1, 1]


def test_the_next_answer_knows_a_new_document(client: httpx.Client) -> None:
    assert "36 months" not in ask(client, VOUCHERS)["answer"]
    stored = upload(client, VALID_36).json()
    answer = ask(client, VOUCHERS)
    assert "A gift voucher can be spent within 36 months. [1]" in answer["answer"]
    first = answer["sources"][0]
    assert (first["document_id"], first["uri"], first["version"]) == (stored["id"], "billing/vouchers.md", 1)


def test_the_next_answer_is_of_the_new_version_in_every_conversation(client: httpx.Client) -> None:
    upload(client, VALID_36)
    assert "36 months" in ask(client, VOUCHERS, session_id="versions")["answer"]
    upload(client, VALID_24)
    for answer in (ask(client, VOUCHERS), ask(client, VOUCHERS, session_id="versions")):
        assert "24 months" in answer["answer"]
        assert "36 months" not in answer["answer"] + str(answer["sources"])
        assert answer["sources"][0]["version"] == 2


def test_the_next_answer_does_not_know_a_deleted_document_in_any_conversation(client: httpx.Client) -> None:
    stored = upload(client, VALID_36).json()
    assert "36 months" in ask(client, VOUCHERS, session_id="deleted")["answer"]
    assert client.delete(f"/api/documents/{stored['id']}").json() == {"deleted": stored["id"]}
    assert stored not in listing(client)
    for answer in (ask(client, VOUCHERS), ask(client, VOUCHERS, session_id="deleted")):
        assert "36 months" not in answer["answer"]
        assert stored["id"] not in [source["document_id"] for source in answer["sources"]]


def test_a_document_is_deleted_once(client: httpx.Client) -> None:
    stored = upload(client, VALID_36).json()
    assert client.delete(f"/api/documents/{stored['id']}").status_code == 200
    assert error_of(client.delete(f"/api/documents/{stored['id']}")) == (404, "document_not_found")


def test_a_deleted_document_that_comes_back_is_a_first_version(client: httpx.Client) -> None:
    stored = upload(client, VALID_36).json()
    client.delete(f"/api/documents/{stored['id']}")
    again = upload(client, VALID_24).json()
    assert (again["id"], again["version"]) == (stored["id"], 1)
    assert "24 months" in ask(client, VOUCHERS)["answer"]


def test_plain_text_is_titled_after_its_path_not_after_the_uploaded_file(client: httpx.Client) -> None:
    stored = upload(client, "Cards only.\n", path="how/payment-methods.txt").json()
    assert (stored["title"], stored["path"]) == ("Payment methods", "how/payment-methods.txt")


@pytest.mark.parametrize(
    ("content", "fields", "status", "code"),
    [
        (VALID_36, {"folder": "sales"}, 404, "folder_not_found"),
        (VALID_36, {"folder": "../billing"}, 404, "folder_not_found"),
        (VALID_36, {"path": "vouchers.docx"}, 422, "document_unreadable"),
        (VALID_36, {"path": "vouchers"}, 422, "document_unreadable"),
        ("caf\xe9".encode("latin-1"), {}, 422, "document_unreadable"),
        (b"PK\x03\x04\x00\x00", {}, 422, "document_unreadable"),
        ("", {}, 422, "document_unreadable"),
        (" \n\n", {}, 422, "document_unreadable"),
        ("---\ntitle: [\n---\nText.\n", {}, 422, "document_unreadable"),
        ("x" * (LIMIT + 1), {}, 422, "document_unreadable"),
        ("x" * (LIMIT + 100_000), {}, 413, "body_too_large"),
        (VALID_36, {"folder": ""}, 422, "invalid_request"),
        (VALID_36, {"path": ""}, 422, "invalid_request"),
        (VALID_36, {"path": "p" * 998 + ".md"}, 422, "invalid_request"),
        (VALID_36, {"source": "s" * 1_001}, 422, "invalid_request"),
    ],
)
def test_what_cannot_become_a_document_is_refused_and_not_stored(
    client: httpx.Client, content: str | bytes, fields: dict[str, str], status: int, code: str
) -> None:
    before = listing(client)
    assert error_of(upload(client, content, **fields)) == (status, code)
    assert listing(client) == before


def test_a_refused_version_leaves_the_one_before_it(client: httpx.Client) -> None:
    stored = upload(client, VALID_36).json()
    assert error_of(upload(client, b"\xff\xfe")) == (422, "document_unreadable")
    assert stored in listing(client)
    assert "36 months" in ask(client, VOUCHERS)["answer"]


def test_a_document_of_just_the_limit_is_taken(client: httpx.Client) -> None:
    assert upload(client, "x" * LIMIT).status_code == 200


@pytest.mark.parametrize("missing", ["file", "folder", "path"])
def test_a_missing_field_is_named(client: httpx.Client, missing: str) -> None:
    before = listing(client)
    fields = {"file": ("a.md", VALID_36.encode()), "folder": (None, b"billing"), "path": (None, b"vouchers.md")}
    response = client.post("/api/documents", files={name: fields[name] for name in fields if name != missing})
    assert error_of(response) == (422, "invalid_request")
    assert response.json()["error"]["message"].startswith(f"{missing}:")
    assert listing(client) == before


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"json": {"folder": "billing", "path": "a.md"}}, 422, "invalid_request"),
        ({"data": {"folder": "billing", "path": "a.md", "file": "text"}}, 422, "invalid_request"),
        ({"content": b"no parts", "headers": {"content-type": "multipart/form-data"}}, 400, "invalid_body"),
        ({"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=y"}}, 400, "invalid_body"),
    ],
)
def test_what_is_no_upload_is_refused(client: httpx.Client, options: dict[str, Any], status: int, code: str) -> None:
    before = listing(client)
    assert error_of(client.post("/api/documents", **options)) == (status, code)
    assert listing(client) == before


@pytest.mark.parametrize("unknown", ["0000000000000000", "vouchers.md", "x" * 500])
def test_what_is_not_stored_cannot_be_deleted(client: httpx.Client, unknown: str) -> None:
    before = listing(client)
    assert error_of(client.delete(f"/api/documents/{unknown}")) == (404, "document_not_found")
    assert listing(client) == before


@pytest.mark.parametrize("path", ["../secrets.md", "a/../../b.md", "/etc/x.md", "a\x00b.md", "a\nb.md"])
def test_a_path_that_leads_elsewhere_is_refused(client: httpx.Client, path: str) -> None:
    before = listing(client)
    assert upload(client, VALID_36, path=path).status_code == 422
    assert listing(client) == before


def test_a_document_is_shown_whole(client: httpx.Client) -> None:
    stored = upload(client, VALID_36).json()
    whole = client.get(f"/api/documents/{stored['id']}").raise_for_status().json()
    assert whole == stored | {"markdown": VALID_36.strip()}
    assert error_of(client.get("/api/documents/0000000000000000")) == (404, "document_not_found")


def test_links_are_found_among_the_documents_that_a_user_may_see(client: httpx.Client) -> None:
    upload(client, VALID_36).raise_for_status()
    guide = upload(client, "See [vouchers](vouchers.md), [more](/no/such).", path="guide.md").json()
    text = client.get(f"/api/documents/{guide['id']}").json()["markdown"]
    assert text == "See [vouchers](doc:vouchers.md), [more](doc:/no/such)."
    asked = {"targets": ["doc:vouchers.md", "doc:/no/such", "javascript:alert(1)"], "near": guide["id"]}
    links = client.post("/api/documents/links", json=asked).raise_for_status().json()["links"]
    assert {target: (link["title"], link["folder"]) for target, link in links.items()} == {
        "doc:vouchers.md": ("Gift vouchers", "billing")
    }
    too_many = client.post("/api/documents/links", json={"targets": ["doc:a"] * 51})
    assert error_of(too_many)[0] == 422
