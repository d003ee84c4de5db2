"""Data that a user leaves in a desk, and the export of it."""

import io
import zipfile

import httpx

from tests.backend.asking import follow


def upload(client: httpx.Client, path: str, text: str) -> httpx.Response:
    return client.post("/api/documents", data={"folder": "billing", "path": path}, files={"file": text.encode()})


def leave_traces(client: httpx.Client, word: str) -> dict[str, str]:
    """Create a rated conversation, hand-overs, a document and an archive that all contain a word."""
    run = client.post("/chat", json={"message": f"How are {word} charges refunded?", "session_id": word}).json()
    client.post(f"/runs/{run['run_id']}/feedback", json={"rating": "down", "comment": word}).raise_for_status()
    wish = {"contact": f"{word}@example.org", "message": word}
    client.post("/api/handovers", json=wish).raise_for_status()
    client.post("/api/handovers", json={**wish, "thread_id": run["thread_id"]}).raise_for_status()
    document = upload(client, f"{word}.md", f"# The {word}\n\nA {word} is refunded twice.").raise_for_status().json()
    begun = client.post(
        "/api/documents/archives", data={"folder": "billing", "path": f"{word}.zip"}, files={"file": packed(word)}
    )
    follow(client, begun.raise_for_status().json()["run_id"])
    return {"thread": run["thread_id"], "run": run["run_id"], "document": document["id"]}


def packed(word: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner.md", f"# Packed {word}\n\nThe packed {word} is never refunded.")
    return file.getvalue()


def copy_of(client: httpx.Client, name: str) -> dict[str, bytes]:
    reply = client.get(f"/api/people/{name}/export").raise_for_status()
    assert reply.headers["content-type"] == "application/zip"
    assert reply.headers["content-disposition"] == f'attachment; filename="{name}.zip"'
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}
