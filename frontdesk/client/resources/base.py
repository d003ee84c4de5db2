"""The base classes of the resource mixins: how a call gets its result."""

from abc import ABC, abstractmethod
from typing import TypeVar

from frontdesk.client.requests import Call

T = TypeVar("T")


class Waiting(ABC):
    """The base of the synchronous resources."""

    @abstractmethod
    def _do(self, call: Call[T]) -> T: ...


class Awaiting(ABC):
    """The base of the asynchronous resources."""

    @abstractmethod
    async def _do(self, call: Call[T]) -> T: ...
