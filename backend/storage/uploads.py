"""The store of uploaded archives whose import is in progress."""

from collections.abc import Collection
from typing import Protocol


class UploadStore(Protocol):
    """A store of archives by run, in parts, so that no other write waits for a large one."""

    async def save_upload(self, run_id: str, data: bytes) -> None:
        """Store the archive of a run, completely or not at all."""
        ...

    async def read_upload(self, run_id: str) -> bytes | None:
        """Return the archive of a run, or None if there is none."""
        ...

    async def delete_upload(self, run_id: str) -> None:
        """Delete the archive of a run, if there is one."""
        ...

    async def delete_other_uploads(self, needed: Collection[str]) -> None:
        """Delete all archives but those of the named runs."""
        ...
