"""The Python clients: `Desk` (synchronous) and `AsyncDesk`. `endpoints` describes their requests.

`stream` and `follow` survive broken connections and restarts of the server. To leave one early, use
`contextlib.closing` or `aclosing`.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Generator
from functools import cache
from typing import Any, Generic, Self, TypeVar, Unpack

import httpx

from frontdesk.client import endpoints
from frontdesk.client.endpoints import AskOptions
from frontdesk.client.requests import ApiCall, StreamCall
from frontdesk.client.resources.access import AccessResource, AsyncAccessResource
from frontdesk.client.resources.agents import AgentsResource, AsyncAgentsResource
from frontdesk.client.resources.documents import AsyncDocumentsResource, DocumentsResource
from frontdesk.client.resources.people import AsyncPeopleResource, PeopleResource
from frontdesk.client.resources.reports import AsyncReportsResource, ReportsResource
from frontdesk.client.resources.threads import AsyncThreadsResource, ThreadsResource
from frontdesk.client.responses import HttpReply
from frontdesk.client.resumable_stream import ResumableStream, RetryPolicy
from frontdesk.contracts.answers import Answer
from frontdesk.contracts.events import Event

T = TypeVar("T")
Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)

URL = "http://127.0.0.1:8000"


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """Load the trusted certificates once: loading them takes longer than most requests."""
    return httpx.create_ssl_context(trust_env=False)


class _DeskConnection(Generic[Http]):
    """Connection settings shared by both clients. Times are in seconds.

    `connect_timeout` applies to opening a connection, `timeout` to ordinary requests, `answer_timeout` to a whole
    answer or to reading and embedding a document. A stream without even a heartbeat for `silence` counts as broken;
    a broken stream is retried for `patience` without a new event. `forwarded_for` is the address of the user on
    whose behalf another server asks; a desk trusts it only from its own machine.
    """

    _client_class: type[Http]

    def __init__(
        self,
        url: str = URL,
        api_key: str | None = None,
        *,
        connect_timeout: float = 10,
        timeout: float = 60,
        answer_timeout: float = 600,
        silence: float = 45,
        patience: float = 60,
        forwarded_for: str | None = None,
    ) -> None:
        # No compression, so that no small body can decompress into a huge one.
        headers = {"accept-encoding": "identity"}
        if api_key is not None:
            # Checked here because an error from further down would show the key.
            if not (api_key.isascii() and api_key.isprintable() and api_key.strip()):
                raise ValueError("api_key holds what no key can hold")
            headers["authorization"] = f"Bearer {api_key.strip()}"
        if forwarded_for is not None:
            headers["x-forwarded-for"] = forwarded_for
        self._timeout = httpx.Timeout(timeout, connect=connect_timeout)
        self._http: Http = self._client_class(
            base_url=url, headers=headers, timeout=self._timeout, trust_env=False, verify=_trusted_certificates()
        )
        self._answer_timeout = answer_timeout
        self._silence = silence
        self._patience = patience

    def _request_options(self, call: ApiCall[Any]) -> dict[str, Any]:
        options = vars(call.request)
        return (
            options | {"timeout": self._read_timeout(self._answer_timeout)} if call.question or call.slow else options
        )

    def _resumable_stream(self, opening: StreamCall) -> ResumableStream:
        return ResumableStream(opening, RetryPolicy(self._patience))

    def _read_timeout(self, seconds: float) -> httpx.Timeout:
        waits = self._timeout
        return httpx.Timeout(connect=waits.connect, read=seconds, write=waits.write, pool=waits.pool)


class Desk(
    _DeskConnection[httpx.Client],
    ThreadsResource,
    AgentsResource,
    DocumentsResource,
    ReportsResource,
    AccessResource,
    PeopleResource,
):
    """The synchronous client."""

    _client_class = httpx.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, message: str, **choices: Unpack[AskOptions]) -> Answer:
        return self._send_call(endpoints.ask(message, **choices))

    def stream(self, message: str, **choices: Unpack[AskOptions]) -> Generator[Event, None, None]:
        return self._stream_events(endpoints.stream(message, **choices))

    def follow(self, run_id: str, after: int = -1) -> Generator[Event, None, None]:
        return self._stream_events(endpoints.follow(run_id, after))

    def _send_call(self, call: ApiCall[T]) -> T:
        try:
            with self._http.stream(**self._request_options(call)) as response:
                reply = HttpReply(response.status_code, response.headers)
                for chunk in response.iter_raw():
                    reply.add_chunk(chunk)
            _release_request(response)
        except httpx.TransportError as error:
            raise call.lost_error(error) from error
        return call.parse_reply(reply)

    def _stream_events(self, opening: StreamCall) -> Generator[Event, None, None]:
        stream, timeout = self._resumable_stream(opening), self._read_timeout(self._silence)
        while attempt := stream.next_attempt():
            time.sleep(attempt.pause)
            try:
                with self._http.stream(**vars(attempt.request), timeout=timeout) as response:
                    stream.record_response(response.status_code, response.headers)
                    for chunk in response.iter_raw():
                        yield from stream.receive_chunk(chunk)
                        if stream.ended:
                            break
                stream.handle_end()
            except httpx.TransportError as error:
                stream.handle_loss(error)


class AsyncDesk(
    _DeskConnection[httpx.AsyncClient],
    AsyncThreadsResource,
    AsyncAgentsResource,
    AsyncDocumentsResource,
    AsyncReportsResource,
    AsyncAccessResource,
    AsyncPeopleResource,
):
    """The asynchronous client."""

    _client_class = httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, message: str, **choices: Unpack[AskOptions]) -> Answer:
        return await self._send_call(endpoints.ask(message, **choices))

    def stream(self, message: str, **choices: Unpack[AskOptions]) -> AsyncGenerator[Event, None]:
        return self._stream_events(endpoints.stream(message, **choices))

    def follow(self, run_id: str, after: int = -1) -> AsyncGenerator[Event, None]:
        return self._stream_events(endpoints.follow(run_id, after))

    async def _send_call(self, call: ApiCall[T]) -> T:
        try:
            async with self._http.stream(**self._request_options(call)) as response:
                reply = HttpReply(response.status_code, response.headers)
                async for chunk in response.aiter_raw():
                    reply.add_chunk(chunk)
            _release_request(response)
        except httpx.TransportError as error:
            raise call.lost_error(error) from error
        return call.parse_reply(reply)

    async def _stream_events(self, opening: StreamCall) -> AsyncGenerator[Event, None]:
        stream, timeout = self._resumable_stream(opening), self._read_timeout(self._silence)
        while attempt := stream.next_attempt():
            await asyncio.sleep(attempt.pause)
            try:
                async with self._http.stream(**vars(attempt.request), timeout=timeout) as response:
                    stream.record_response(response.status_code, response.headers)
                    async for chunk in response.aiter_raw():
                        for event in stream.receive_chunk(chunk):
                            yield event
                        if stream.ended:
                            break
                stream.handle_end()
            except httpx.TransportError as error:
                stream.handle_loss(error)


def _release_request(response: httpx.Response) -> None:
    """Break the reference cycle of response and stream, which would keep an uploaded file until garbage collection."""
    response.stream = httpx.ByteStream(b"")
