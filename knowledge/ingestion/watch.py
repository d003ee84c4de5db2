"""Follow a directory: say when it is time to look at it again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

_QUIET_MS = 300
_LONGEST_MS = 2_000
_GLANCE_MS = 1_000


async def occasions(path: Path) -> AsyncGenerator[None, None]:
    """Now, and after every change below a directory or to a file, for ever.

    Changes that follow one another closely are one occasion. A path that goes, comes back, or becomes another directory
    (a disk that is mounted over it) is a change too; while it is not there, it is waited for.
    """
    while True:
        before = _identity(path)
        if before is None:
            yield
            while _identity(path) is None:  # noqa: ASYNC110 - nothing tells of a path that is not there
                await asyncio.sleep(_GLANCE_MS / 1_000)
            continue
        async with aclosing(_changes(path, before)) as changes:
            async for _ in changes:
                yield


async def _changes(path: Path, before: tuple[int, int]) -> AsyncGenerator[None, None]:
    """Once the watch stands, and after each change, as long as the path is the same directory."""
    # Who saves a file may put another in its place, which only its directory tells.
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
                if _identity(path) != before:
                    return
                if changed or is_first:
                    is_first = False
                    yield
    except FileNotFoundError:
        # It went before it could be watched.
        return


def _identity(path: Path) -> tuple[int, int] | None:
    """Which directory, or the directory of which file, the path leads to now."""
    try:
        status = (path if path.is_dir() else path.parent).stat() if path.exists() else None
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status else None
