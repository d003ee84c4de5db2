"""The interface of a database: reads and writes as units of work, statements, rows, and the error of a failed one.

Stores depend on this module alone, so that another database can stand behind them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, Self, TypeVar

T = TypeVar("T")
Parameters = Sequence[Any]


class DatabaseError(Exception):
    """A statement failed, or the database is closed; `__cause__` is the driver's own error."""


class Row(Protocol):
    """A row that answers by index and by column name."""

    def __getitem__(self, key: int | str, /) -> Any: ...  # noqa: ANN401

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> list[str]: ...


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...  # noqa: ANN401

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Self: ...

    def __next__(self) -> Any: ...  # noqa: ANN401


class Connection(Protocol):
    """A connection inside a unit of work; the database begins and ends its transactions."""

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Cursor: ...


Work = Callable[[Connection], T]


class Database(Protocol):
    """A database that runs units of work; each write is one transaction, each read sees one snapshot."""

    damage: str | None

    async def write(self, work: Work[T], *, erasing: bool = False) -> T:
        """Run `work` in a transaction, durable on return; with `erasing`, deleted data leaves the logs too."""
        ...

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        """Run `work` in one snapshot; with `long`, apart from short reads, which then do not wait for it."""
        ...

    async def close(self) -> None:
        """Finish the queued work, then close all connections."""
        ...


def containing(text: str) -> str:
    """Return the pattern that matches a literal text anywhere, for `LIKE ? ESCAPE '\\'`."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
