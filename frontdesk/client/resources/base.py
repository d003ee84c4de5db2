"""The base classes of the resource mixins: how a call gets its result."""

from abc import ABC, abstractmethod
from typing import TypeVar

from frontdesk.client.requests import ApiCall

T = TypeVar("T")


class SyncResource(ABC):
    """The base of the synchronous resources."""

    @abstractmethod
    def _send_call(self, call: ApiCall[T]) -> T: ...


class AsyncResource(ABC):
    """The base of the asynchronous resources."""

    @abstractmethod
    async def _send_call(self, call: ApiCall[T]) -> T: ...
