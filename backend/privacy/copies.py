"""The export of everything stored about a person, read page by page, as the files of an archive."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import orjson

from backend.privacy import transcript
from backend.privacy.archive import ArchiveFile
from backend.storage.people import JSON_FIELDS, PersonalDataStore, PersonalRecord
from backend.storage.threads import StoredThread
from knowledge.errors import DocumentUnknown
from knowledge.library import Library
from knowledge.storage.documents import DocumentInfo

_PAGE = 100


class PersonalCopy:
    """A copy of a user's data; records added or deleted while it is read may be in it or not."""

    def __init__(
        self, user_id: str, keys: Sequence[PersonalRecord], store: PersonalDataStore, library: Library
    ) -> None:
        self._user_id = user_id
        self._keys = keys
        self._store = store
        self._library = library
        self._counts: Counter[str] = Counter()

    async def files(self) -> AsyncIterator[ArchiveFile]:
        """Yield conversations, documents, handovers, figures, keys and audit entries, and at the end a summary."""
        async for thread in self._store.threads_of(self._user_id):
            self._counts["conversations"] += 1
            place = f"conversations/{thread.id}"
            yield ArchiveFile(f"{place}.md", self._as_markdown(thread))
            yield ArchiveFile(f"{place}.json", self._as_json(thread))
        async for info in self._documents():
            self._counts["documents"] += 1
            fields = {name: value for name, value in vars(info).items() if name != "owner"}
            yield ArchiveFile(f"documents/{info.id}.json", _once(_indented(fields)))
            yield ArchiveFile(f"documents/{info.id}.md", self._text_of(info.id))
        for name, records in (
            ("requests-for-a-person", self._store.handovers_of(self._user_id)),
            ("spending", self._store.spending_of(self._user_id)),
            ("cached-answers", self._store.cached_answers_of(self._user_id)),
            ("audit", self._store.audit_entries_of(self._user_id)),
        ):
            yield ArchiveFile(f"{name}.json", _array(self._counted(name, records)))
        yield ArchiveFile("figures.json", _array(self._store.figures_of(self._user_id)))
        yield ArchiveFile("requests-for-a-person.md", self._handovers())
        yield ArchiveFile("keys.json", _once(_indented(list(self._keys))))
        yield ArchiveFile("README.md", _once(self._readme()))

    async def _documents(self) -> AsyncIterator[DocumentInfo]:
        documents, after = self._library.stores.documents, ""
        while page := await documents.owned_documents(self._user_id, after, _PAGE):
            after = page[-1].id
            for info in page:
                yield info

    async def _as_markdown(self, thread: StoredThread) -> AsyncIterator[bytes]:
        yield transcript.head(thread).encode()
        async for message in self._store.shown_messages_of(thread.id):
            yield transcript.turns([message]).encode()

    async def _as_json(self, thread: StoredThread) -> AsyncIterator[bytes]:
        """Yield all that is stored of a conversation, including questions that were replaced by others."""
        yield b'{"conversation": ' + _indented(vars(thread)) + b',\n"messages": '
        async for part in _array(self._store.messages_of(thread.id)):
            yield part
        yield b',\n"runs": [\n'
        between = b""
        async for run in self._store.runs_of(thread.id):
            self._counts["runs"] += 1
            steps = [_with_json(step) for step in await self._store.steps_of(run["id"])]
            rated = await self._store.ratings_of(run["id"])
            yield between + b'{"run": ' + orjson.dumps(_with_json(run)) + b', "steps": ' + orjson.dumps(steps)
            yield b', "feedback": ' + orjson.dumps(rated) + b', "events": '
            async for part in _array(self._store.events_of(run["id"])):
                yield part
            yield b"}"
            between = b",\n"
        yield b"]}\n"

    async def _text_of(self, document_id: str) -> AsyncIterator[bytes]:
        # It may have been removed since it was listed.
        with suppress(DocumentUnknown):
            document = await self._library.whole(document_id, owner=self._user_id)
            yield document.markdown.encode("utf-8", "replace")

    async def _handovers(self) -> AsyncIterator[bytes]:
        yield b"# Requests for a person\n"
        async for record in self._store.handovers_of(self._user_id):
            lines = (
                f"{name}: {record[name]}"
                for name in ("contact", "message", "reason", "summary", "note")
                if record[name]
            )
            text = "\n\n".join(map(transcript.plain, lines))
            yield f"\n## {transcript.moment(record['created_at'])}\n\n{text}\n".encode()

    async def _counted(self, name: str, records: AsyncIterator[PersonalRecord]) -> AsyncIterator[PersonalRecord]:
        async for record in records:
            self._counts[name] += 1
            yield record

    def _readme(self) -> bytes:
        counted = "\n".join(
            f"- {count} {name.replace('-', ' ')}" for name, count in sorted(self._counts.items()) if count
        )
        return _README.format(
            user=transcript.plain(self._user_id), moment=transcript.moment(time.time()), counted=counted or "- nothing"
        ).encode()


_README = """# What this desk holds about {user}

Made at {moment}. In this archive:

{counted}

| path | holds |
| --- | --- |
| `conversations/ID.md` | a conversation, to be read |
| `conversations/ID.json` | the same with all that is stored of it: runs, steps, events, ratings |
| `documents/ID.md`, `documents/ID.json` | your own documents as text, and what is known of each |
| `requests-for-a-person.md`, `.json` | when you asked for a person, and what became of it |
| `spending.json`, `figures.json` | tokens and cost by day, and the figures of each run |
| `cached-answers.json` | answers to your questions that may be given again to whoever asks the same |
| `keys.json` | your keys, without the keys themselves |
| `audit.json` | what you did, and what others did with your data and keys |

What the desk remembers of a conversation between two turns is made of its messages and sources, and not listed again.
Times in JSON are seconds since 1970, UTC.
"""


def _with_json(record: PersonalRecord) -> PersonalRecord:
    """Have the fields that are stored as JSON embedded as such, not as strings."""
    embedded = {name: orjson.Fragment(record[name]) for name in JSON_FIELDS if record.get(name)}
    return {**record, **embedded}


def _indented(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _array(records: AsyncIterator[PersonalRecord]) -> AsyncIterator[bytes]:
    """Yield a JSON array with one line for each record."""
    between = b"[\n"
    async for record in records:
        yield between + orjson.dumps(_with_json(record))
        between = b",\n"
    yield b"\n]" if between == b",\n" else b"[]"
