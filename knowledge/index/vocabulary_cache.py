"""A cache of a library's vocabularies, read again after its documents have changed."""

from functools import partial

from knowledge.index.vocabulary import Vocabulary
from knowledge.storage.cached import Cached
from knowledge.storage.passages import PassageStore

_OWNERS_REMEMBERED = 100


class VocabularyCache:
    """The cached vocabularies of the shared documents and of each owner's."""

    def __init__(self, store: PassageStore) -> None:
        self._store = store
        self._shared = Cached(store.shared_vocabulary, may_be_old=True)
        self._own: dict[str, Cached[Vocabulary]] = {}

    async def shared(self) -> Vocabulary:
        """Return the vocabulary of the shared documents; that of a large catalogue may be a moment old."""
        return await self._shared.get()

    async def own(self, owner: str) -> Vocabulary:
        """Return the vocabulary of an owner's documents."""
        if owner not in self._own:
            if len(self._own) >= _OWNERS_REMEMBERED:
                self._own.clear()
            self._own[owner] = Cached(partial(self._store.own_vocabulary, owner))
        return await self._own[owner].get()

    def forget(self) -> None:
        """Mark every vocabulary as outdated after documents have changed."""
        for vocabulary in (self._shared, *self._own.values()):
            vocabulary.forget()

    def forget_owner(self, owner: str) -> None:
        """Drop the vocabulary of an owner who has no documents any more."""
        self._own.pop(owner, None)

    async def close(self) -> None:
        """Stop the read under way."""
        await self._shared.close()
