"""The interface of a store of facts about a library as a whole, each a text under a name."""

from typing import Protocol


class FactStore(Protocol):
    """A store of facts."""

    async def get_fact(self, name: str) -> str | None:
        """Return the value recorded under a name."""
        ...

    async def set_fact(self, name: str, value: str) -> None:
        """Record a value under a name, in place of an earlier one."""
        ...

    async def first_fact(self, name: str, value: str) -> str:
        """Return the value recorded under a name, which the first call sets."""
        ...
