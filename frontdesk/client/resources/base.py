"""What the doors of both clients stand on: how a call gets its result."""

from abc import ABC, abstractmethod
from typing import TypeVar

from frontdesk.client.requests import Call

T = TypeVar("T")


class Waiting(ABC):
    """The program waits."""

    @abstractmethod
    def _do(self, call: Call[T]) -> T: ...


class Awaiting(ABC):
    """The program does something else meanwhile."""

    @abstractmethod
    async def _do(self, call: Call[T]) -> T: ...
