"""Downloads of personal data, as streams like any other, one at a time for each person."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager

from starlette.types import Receive, Scope, Send

from backend.errors import ExportUnderWay
from backend.http.event_response import EventStream, OpenStreams
from backend.privacy.archive import zipped
from backend.privacy.copies import PersonalCopy

_RETRY_SECONDS = 10


class OpenExports:
    """The set of people whose data is being downloaded."""

    def __init__(self) -> None:
        self._people: set[str] = set()

    def check(self, person: str) -> None:
        """Refuse a second concurrent download of the same person's data."""
        if person in self._people:
            raise ExportUnderWay(
                f"The data of {person} is being downloaded already; try again when that is done.", _RETRY_SECONDS
            )

    @contextmanager
    def under_way(self, person: str) -> Iterator[None]:
        """Mark a download as under way until it ends, in whatever way."""
        self.check(person)
        self._people.add(person)
        try:
            yield
        finally:
            self._people.discard(person)


class ArchiveStream(EventStream):
    """The download of a person's archive, which like any stream ends if its key expires or its client does not read."""

    media_type = "application/zip"

    def __init__(self, person: str, copy: PersonalCopy, exports: OpenExports, streams: OpenStreams) -> None:
        disposition = f'attachment; filename="{person}.zip"'
        super().__init__(_whole(copy), streams, headers={"content-disposition": disposition})
        self._person = person
        self._exports = exports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the archive, or refuse if another download has begun since the endpoint's check: nothing is sent yet."""
        self._streams.check()
        with self._exports.under_way(self._person):
            await super().__call__(scope, receive, send)


async def _whole(copy: PersonalCopy) -> AsyncIterator[bytes]:
    async with aclosing(zipped(copy.files())) as pieces:
        async for piece in pieces:
            yield piece
