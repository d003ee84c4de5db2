"""What search must know of the whole library: how many chunks lie where, and which words there are.

Kept level with each change: to count a large library again after every document would take longer than the search.
"""

from collections.abc import Mapping, Sequence

from knowledge import store
from knowledge.database import Database
from knowledge.schema import Place
from knowledge.store import Change

_OWNERS_REMEMBERED = 100


class Tallies:
    """Counted at first use, in the queue of the writes: what stands before it there is counted, the rest is noted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sizes: dict[Place, int] | None = None
        self._stems: set[str] = set()
        self._vocabulary: list[str] | None = None
        self._own_words: dict[str, Mapping[str, int]] = {}

    def note(self, change: Change) -> None:
        """Called for every change as soon as it is written."""
        place = change.place
        if self._sizes is not None:
            self._sizes[place] = self._sizes.get(place, 0) + change.added - change.removed
        if place.owner:
            self._own_words.pop(place.owner, None)
        elif change.removed:
            self._vocabulary = None
        elif self._vocabulary is not None:
            self._vocabulary.extend(change.stems - self._stems)
            self._stems |= change.stems

    def forget(self) -> None:
        """Count again, where it is not known what a change came to."""
        self._sizes = self._vocabulary = None
        self._own_words.clear()

    async def sizes(self, owner: str) -> dict[str, int]:
        """Chunks by folder, of everybody's documents or of an owner's."""
        if self._sizes is None:
            self._sizes = await self._database.write(store.chunk_counts)
        return {place.folder: count for place, count in self._sizes.items() if place.owner == owner and count}

    async def vocabulary(self) -> Sequence[str]:
        """Stems of all words of everybody's documents."""
        if self._vocabulary is None:
            vocabulary = await self._database.write(store.vocabulary)
            self._vocabulary, self._stems = vocabulary, set(vocabulary)
        return self._vocabulary

    async def own_words(self, owner: str) -> Mapping[str, int]:
        """Stems of all words of an owner's documents, and how many of their chunks hold each."""
        if owner not in self._own_words:
            words = await self._database.write(lambda db: store.own_frequencies(db, owner))
            if len(self._own_words) >= _OWNERS_REMEMBERED:
                self._own_words.clear()
            self._own_words[owner] = words
        return self._own_words[owner]
