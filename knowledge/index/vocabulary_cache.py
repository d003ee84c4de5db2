"""The vocabularies of a library, read once and again after its documents have changed."""

from functools import partial

from knowledge.index.vocabulary import Vocabulary
from knowledge.storage import documents
from knowledge.storage.cached import Remembered
from knowledge.storage.sqlite import Database

_OWNERS_REMEMBERED = 100


class Vocabularies:
    """The words of everybody's documents, and of those that are one owner's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared = Remembered(lambda: database.read(documents.vocabulary, long=True), may_be_old=True)
        self._own: dict[str, Remembered[Vocabulary]] = {}

    async def shared(self) -> Vocabulary:
        """The words of everybody's documents; of a large catalogue as they were a moment ago."""
        return await self._shared.get()

    async def own(self, owner: str) -> Vocabulary:
        """The words of an owner's documents."""
        if owner not in self._own:
            if len(self._own) >= _OWNERS_REMEMBERED:
                self._own.clear()
            self._own[owner] = Remembered(partial(self._database.read, partial(documents.own_vocabulary, owner=owner)))
        return await self._own[owner].get()

    def forget(self) -> None:
        """Documents have changed."""
        for vocabulary in (self._shared, *self._own.values()):
            vocabulary.forget()

    def forget_owner(self, owner: str) -> None:
        """An owner has no documents any more."""
        self._own.pop(owner, None)

    async def close(self) -> None:
        """End what is being read."""
        await self._shared.close()
