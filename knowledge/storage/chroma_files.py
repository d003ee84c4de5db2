"""The directories of Chroma: that of an index, and those of its collections, as its database file names them."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from knowledge.storage.sqlite_snapshot import open_read_only

UnreadableFile = sqlite3.Error
"""The error for a database file that cannot be read."""


class VectorSegment(NamedTuple):
    """The directory of a collection's vectors, and their number of dimensions."""

    name: str
    dimensions: int


def segments_in_use(directory: Path) -> frozenset[str]:
    """Return the directories of all collections."""
    with closing(open_read_only(directory / "chroma.sqlite3")) as db:
        return frozenset(row[0] for row in db.execute("SELECT id FROM segments"))


def vector_segment(directory: Path, collection_id: str) -> VectorSegment | None:
    """Return the directory of a collection's vectors, or None while it has none."""
    with closing(open_read_only(directory / "chroma.sqlite3")) as db:
        row = db.execute(
            """SELECT segments.id, collections.dimension FROM segments JOIN collections ON collections.id = collection
               WHERE collection = ? AND scope = 'VECTOR'""",
            (collection_id,),
        ).fetchone()
    return VectorSegment(row[0], row[1]) if row and row[1] else None


def move_index(source: Path, target: Path) -> None:
    """Put a closed index in the place of another; if the process is killed in between, the same call completes it."""
    for directory in (target, note_of(target), note_of(source)):
        _delete(directory)
    source.rename(target)


def delete_index(directory: Path) -> None:
    """Delete a closed index."""
    _delete(directory)
    _delete(note_of(directory))


def note_of(directory: Path) -> Path:
    """Return the file that notes how an index was left."""
    return directory.with_name(f"{directory.name}.left")


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
