"""The names of the directories in which Chroma keeps the vectors of its collections, read from its database file."""

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
