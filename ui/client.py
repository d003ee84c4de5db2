"""The desk from Python: `Desk`, and `AsyncDesk` for those who await. `ui.calls` describes their doors.

`stream` and `follow` outlive broken connections and restarts of the desk. Leave one early with `contextlib.closing` or
`aclosing`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any, Generic, Literal, Self, TypeVar, Unpack

import httpx

from agents.events import Event
from ui import calls
from ui.calls import Call, Choices, Json, Opening, Page
from ui.following import Following, Patience
from ui.replies import Reply
from ui.shapes import Answer, Run

T = TypeVar("T")
Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)

URL = "http://127.0.0.1:8000"


class _Reach(Generic[Http]):
    """How a desk is reached. Times are in seconds.

    `timeout` is for ordinary requests, `answer_timeout` for a whole answer. A stream without as much as a heartbeat for
    `silence` is broken; a broken one is tried again for `patience` without a new event.
    """

    _make: type[Http]

    def __init__(
        self,
        url: str = URL,
        api_key: str | None = None,
        *,
        timeout: float = 60,
        answer_timeout: float = 600,
        silence: float = 45,
        patience: float = 60,
    ) -> None:
        # Bodies come as they are, so that no small one can unfold into a huge one.
        headers = {"accept-encoding": "identity"}
        if api_key is not None:
            # Checked here because the error of whoever else finds out would show the key.
            if not (api_key.isascii() and api_key.isprintable() and api_key.strip()):
                raise ValueError("api_key holds what no key can hold")
            headers["authorization"] = f"Bearer {api_key.strip()}"
        self._http: Http = self._make(base_url=url, headers=headers, timeout=timeout, trust_env=False)
        self._timeout = timeout
        self._answer_timeout = answer_timeout
        self._silence = silence
        self._patience = patience

    def _options(self, call: Call[Any]) -> dict[str, Any]:
        options = vars(call.request)
        return options | {"timeout": self._waiting(self._answer_timeout)} if call.question else options

    def _following(self, opening: Opening) -> Following:
        return Following(opening, Patience(self._patience))

    def _waiting(self, seconds: float) -> httpx.Timeout:
        return httpx.Timeout(self._timeout, read=seconds)


class Desk(_Reach[httpx.Client]):
    """For programs that wait."""

    _make = httpx.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections."""
        self._http.close()

    def ask(self, message: str, **choices: Unpack[Choices]) -> Answer:
        return self._do(calls.ask(message, **choices))

    def stream(self, message: str, **choices: Unpack[Choices]) -> Generator[Event, None, None]:
        return self._events(calls.stream(message, **choices))

    def follow(self, run_id: str, after: int = -1) -> Generator[Event, None, None]:
        return self._events(calls.follow(run_id, after))

    def run(self, run_id: str) -> Run:
        return self._do(calls.run(run_id))

    def cancel(self, run_id: str) -> Json:
        return self._do(calls.cancel(run_id))

    def feedback(self, run_id: str, rating: Literal["up", "down"], comment: str = "") -> Json:
        return self._do(calls.feedback(run_id, rating, comment))

    def threads(self, **page: Unpack[Page]) -> Json:
        return self._do(calls.threads(**page))

    def thread(self, thread_id: str) -> Json:
        return self._do(calls.thread(thread_id))

    def rename(self, thread_id: str, title: str) -> Json:
        return self._do(calls.rename(thread_id, title))

    def delete(self, thread_id: str, hard: bool = False) -> Json:
        return self._do(calls.delete(thread_id, hard))

    def export(self, thread_id: str, format: Literal["markdown", "json"] = "markdown") -> str:
        return self._do(calls.export(thread_id, format))

    def agents(self) -> Json:
        return self._do(calls.agents())

    def agent(self, agent_id: str) -> Json:
        return self._do(calls.agent(agent_id))

    def create_agent(self, description: Mapping[str, Any]) -> Json:
        return self._do(calls.create_agent(description))

    def replace_agent(self, agent_id: str, description: Mapping[str, Any]) -> Json:
        return self._do(calls.replace_agent(agent_id, description))

    def delete_agent(self, agent_id: str) -> Json:
        return self._do(calls.delete_agent(agent_id))

    def health(self) -> Json:
        return self._do(calls.health())

    def _do(self, call: Call[T]) -> T:
        try:
            with self._http.stream(**self._options(call)) as response:
                reply = Reply(response.status_code, response.headers)
                for chunk in response.iter_raw():
                    reply.add(chunk)
        except httpx.TransportError as error:
            raise call.lost(error) from error
        return call.result(reply)

    def _events(self, opening: Opening) -> Generator[Event, None, None]:
        following, waiting = self._following(opening), self._waiting(self._silence)
        while attempt := following.attempt():
            time.sleep(attempt.pause)
            try:
                with self._http.stream(**vars(attempt.request), timeout=waiting) as response:
                    following.opened(response.status_code, response.headers)
                    for chunk in response.iter_raw():
                        yield from following.receive(chunk)
                        if following.ended:
                            break
                following.closed()
            except httpx.TransportError as error:
                following.lost(error)


class AsyncDesk(_Reach[httpx.AsyncClient]):
    """For programs that do something else meanwhile."""

    _make = httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give up the connections."""
        await self._http.aclose()

    async def ask(self, message: str, **choices: Unpack[Choices]) -> Answer:
        return await self._do(calls.ask(message, **choices))

    def stream(self, message: str, **choices: Unpack[Choices]) -> AsyncGenerator[Event, None]:
        return self._events(calls.stream(message, **choices))

    def follow(self, run_id: str, after: int = -1) -> AsyncGenerator[Event, None]:
        return self._events(calls.follow(run_id, after))

    async def run(self, run_id: str) -> Run:
        return await self._do(calls.run(run_id))

    async def cancel(self, run_id: str) -> Json:
        return await self._do(calls.cancel(run_id))

    async def feedback(self, run_id: str, rating: Literal["up", "down"], comment: str = "") -> Json:
        return await self._do(calls.feedback(run_id, rating, comment))

    async def threads(self, **page: Unpack[Page]) -> Json:
        return await self._do(calls.threads(**page))

    async def thread(self, thread_id: str) -> Json:
        return await self._do(calls.thread(thread_id))

    async def rename(self, thread_id: str, title: str) -> Json:
        return await self._do(calls.rename(thread_id, title))

    async def delete(self, thread_id: str, hard: bool = False) -> Json:
        return await self._do(calls.delete(thread_id, hard))

    async def export(self, thread_id: str, format: Literal["markdown", "json"] = "markdown") -> str:
        return await self._do(calls.export(thread_id, format))

    async def agents(self) -> Json:
        return await self._do(calls.agents())

    async def agent(self, agent_id: str) -> Json:
        return await self._do(calls.agent(agent_id))

    async def create_agent(self, description: Mapping[str, Any]) -> Json:
        return await self._do(calls.create_agent(description))

    async def replace_agent(self, agent_id: str, description: Mapping[str, Any]) -> Json:
        return await self._do(calls.replace_agent(agent_id, description))

    async def delete_agent(self, agent_id: str) -> Json:
        return await self._do(calls.delete_agent(agent_id))

    async def health(self) -> Json:
        return await self._do(calls.health())

    async def _do(self, call: Call[T]) -> T:
        try:
            async with self._http.stream(**self._options(call)) as response:
                reply = Reply(response.status_code, response.headers)
                async for chunk in response.aiter_raw():
                    reply.add(chunk)
        except httpx.TransportError as error:
            raise call.lost(error) from error
        return call.result(reply)

    async def _events(self, opening: Opening) -> AsyncGenerator[Event, None]:
        following, waiting = self._following(opening), self._waiting(self._silence)
        while attempt := following.attempt():
            await asyncio.sleep(attempt.pause)
            try:
                async with self._http.stream(**vars(attempt.request), timeout=waiting) as response:
                    following.opened(response.status_code, response.headers)
                    async for chunk in response.aiter_raw():
                        for event in following.receive(chunk):
                            yield event
                        if following.ended:
                            break
                following.closed()
            except httpx.TransportError as error:
                following.lost(error)
