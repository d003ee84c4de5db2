"""What removed vectors leave behind in Chroma, and how it is reclaimed.

Chroma marks a removed vector and keeps it, so memory, disk and the time of each change grow with every document that is
replaced. Of a deleted collection it keeps memory and descriptors until it is closed, and the files for good.
"""

import logging
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, Self

import chromadb
from chromadb.api.client import Client

from knowledge.errors import StorageFull
from knowledge.storage import chroma_files

_LOG = logging.getLogger(__name__)

# A collection is copied once it holds this many removed vectors, and more of them than others: until then a copy costs
# more than it frees.
_MOST_REMOVED = 4_000
# Chroma is opened anew, which takes a tenth of a second, once so many collections were deleted.
_MOST_DELETED = 4
# The bytes of a vector's links and label in the file that holds the vectors of a collection.
_LINK_BYTES = 150
_COPIED_AT_ONCE = 500
# More than a vector takes in a copy.
_COPY_BYTES = 8_000
_COPY_SUFFIX = ".copy"
_SEGMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CONFIGURATION: Any = {"hnsw": {"space": "cosine"}}


class ChromaWaste:
    """A count of the removed vectors that collections hold, and of the collections deleted since Chroma was opened."""

    def __init__(self) -> None:
        self._removed = Counter[str]()
        self._deleted = 0

    @classmethod
    def of_opened(cls, directory: Path, client: Client) -> Self:
        """Estimate the removed vectors of an index that has just been opened."""
        waste = cls()
        for collection in client.list_collections():
            waste.note_removed(collection.name, _estimate_removed(directory, collection))
        return waste

    def note_removed(self, name: str, number: int) -> None:
        """Count vectors that were removed from a collection."""
        self._removed[name] += number

    def note_deleted(self, name: str) -> None:
        """Count a deleted collection."""
        self._removed.pop(name, None)
        self._deleted += 1

    @property
    def has_many_removed(self) -> bool:
        """True if a collection holds so many removed vectors that it may be worth a copy."""
        return max(self._removed.values(), default=0) > _MOST_REMOVED

    def is_worth_reopening(self, *, at_once: bool) -> bool:
        """Tell whether deleted collections hold more than it costs to open Chroma anew; `at_once` if they hold any."""
        return self._deleted >= (1 if at_once else _MOST_DELETED)

    def names_to_copy(self, client: Client, directory: Path) -> list[str]:
        """Return the collections of which a copy is smaller than what it frees, if the disk has room for the copies."""
        full = {name: removed for name, removed in self._removed.items() if removed > _MOST_REMOVED}
        kept = {name: client.get_collection(name, embedding_function=None).count() for name in full}
        names = [name for name, removed in full.items() if removed > kept[name]]
        if shutil.disk_usage(directory).free < _COPY_BYTES * sum(kept[name] for name in names):
            raise StorageFull("the disk that holds DATA_DIR has no room for a copy of the vector index")
        return names


class CollectionCopy:
    """A copy of a collection without its removed vectors; nothing may be written to the original meanwhile."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._original = client.get_collection(name, embedding_function=None)
        self._copy = client.create_collection(name + _COPY_SUFFIX, embedding_function=None, configuration=CONFIGURATION)
        self._missing = self._original.get(include=[])["ids"]

    def copy_some(self) -> bool:
        """Copy some vectors; return True while there are more."""
        some, self._missing = self._missing[:_COPIED_AT_ONCE], self._missing[_COPIED_AT_ONCE:]
        if some:
            found = self._original.get(ids=some, include=["embeddings"])
            vectors: Any = found["embeddings"]
            self._copy.upsert(ids=found["ids"], embeddings=vectors)
        return bool(self._missing)

    def replace_original(self) -> None:
        """Put the copy in the place of the original.

        A process that is killed in between leaves no collection of this name, and the next start fills the index again.
        """
        self._client.delete_collection(self._name)
        self._copy.modify(name=self._name)


def delete_copies(client: Client) -> None:
    """Delete the copies that were left unfinished."""
    for collection in client.list_collections():
        if collection.name.endswith(_COPY_SUFFIX):
            client.delete_collection(collection.name)


def delete_orphans(directory: Path) -> None:
    """Delete the files of collections that do not exist any more; call this while Chroma is closed."""
    if not (directory / "chroma.sqlite3").exists():
        return
    try:
        used = chroma_files.segments_in_use(directory)
        for path in directory.iterdir():
            if _SEGMENT.fullmatch(path.name) and path.name not in used:
                shutil.rmtree(path)
    except (OSError, chroma_files.UnreadableFile) as error:
        # Opening the index shows whether it is damaged; files that are left take room and do no other harm.
        _LOG.warning("files of the vector index that nobody needs are not deleted: %s", error)


def _estimate_removed(directory: Path, collection: chromadb.Collection) -> int:
    """Estimate from its file how many removed vectors a collection holds; 0 if nothing is stored in it yet."""
    segment = chroma_files.vector_segment(directory, str(collection.id))
    file = directory / segment.name / "data_level0.bin" if segment else None
    if segment is None or file is None or not file.exists():
        return 0
    return max(0, file.stat().st_size // (4 * segment.dimensions + _LINK_BYTES) - collection.count())
