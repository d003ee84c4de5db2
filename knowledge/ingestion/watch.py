"""The watch of a directory or file for changes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

_QUIET_MS = 300
_LONGEST_MS = 2_000
_GLANCE_MS = 1_000


async def watch_path(path: Path) -> AsyncGenerator[None, None]:
    """Yield now, and after every change below a directory or to a file, for ever.

    Changes in quick succession are debounced into one. A path that vanishes, comes back, or becomes another directory
    (a disk mounted over it) counts as changed too; while it is missing, the watch waits for it.
    """
    while True:
        before = _path_identity(path)
        if before is None:
            yield
            while _path_identity(path) is None:  # noqa: ASYNC110 - no event reports a missing path
                await asyncio.sleep(_GLANCE_MS / 1_000)
            continue
        async with aclosing(_watch_changes(path, before)) as changes:
            async for _ in changes:
                yield


async def _watch_changes(path: Path, before: tuple[int, int]) -> AsyncGenerator[None, None]:
    """Yield once the watch is set up, and after each change, as long as the path is the same directory."""
    # Saving may replace a file by another one, which only a watch of its directory notices.
    is_directory = await asyncio.to_thread(path.is_dir)
    changes = awatch(
        path if is_directory else path.parent,
        recursive=is_directory,
        watch_filter=None,
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        rust_timeout=_GLANCE_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    is_first = True
    try:
        async with aclosing(changes):
            async for changed in changes:
                if _path_identity(path) != before:
                    return
                if changed or is_first:
                    is_first = False
                    yield
    except FileNotFoundError:
        # The path vanished before the watch was set up.
        return


def _path_identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the directory, or of the file's directory, that the path leads to now."""
    try:
        status = (path if path.is_dir() else path.parent).stat() if path.exists() else None
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status else None
