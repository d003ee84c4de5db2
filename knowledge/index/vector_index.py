"""The interface of a vector index: apply changes, find the nearest chunks, and show what it holds.

An index can be deleted at any time: SQL holds every embedding, and `open` reports when it must be filled again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from knowledge.storage.documents import DocumentPlace
from knowledge.storage.vector_changes import VectorChanges


class VectorIndex(Protocol):
    """The vectors of the chunks by place, from `open` to `close`.

    A full disk raises `StorageFull`; what the index cannot answer otherwise raises `IndexUnavailable`.
    """

    async def open(self) -> bool:
        """Open the index; return False if it starts empty and must be filled again."""
        ...

    async def open_as_it_is(self) -> bool:
        """Open the existing index without repairing anything; return False if it cannot be opened or searched."""
        ...

    async def apply(self, changes: VectorChanges) -> bool:
        """Apply changes, which is idempotent; return False if the index turns out broken and must be reset."""
        ...

    async def nearest(
        self, groups: Sequence[Sequence[DocumentPlace]], vector: npt.NDArray[np.float32], limit: int
    ) -> list[list[tuple[int, float]]]:
        """Return the nearest chunk ids of each group of places with their cosine similarity, best first."""
        ...

    async def counts(self) -> dict[DocumentPlace, int]:
        """Count the vectors by place, without the places that hold none."""
        ...

    async def ids(self, place: DocumentPlace) -> set[int]:
        """Return the ids of the chunks whose vectors a place holds."""
        ...

    async def vectors(self, place: DocumentPlace, ids: Sequence[int]) -> dict[int, npt.NDArray[np.float32]]:
        """Return the vectors of those chunks that a place holds; an index may have rounded them."""
        ...

    async def compact(self) -> bool:
        """Free the memory and the files that removed vectors hold; return False if the index must be reset."""
        ...

    async def reset(self) -> None:
        """Delete all vectors, also those of an index that is broken, and start an empty one."""
        ...

    async def move_to(self, directory: Path) -> bool:
        """Take the place of the index in another directory; return False if this one must be reset afterwards."""
        ...

    async def close(self) -> None:
        """Close the index; no other method may be called any more."""
        ...
