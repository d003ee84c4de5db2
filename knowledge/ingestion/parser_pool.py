"""A pool of sandboxed processes that parse and chunk files, so that no file can harm the server or the other files.

A few readers (`parser_worker`) are started when they are needed and kept for a while. A reader that takes too long or
too much memory, or that crashes, is killed; its file is `DocumentUnreadable`, and the next file gets a new reader.
"""

import asyncio
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from knowledge.errors import DocumentUnreadable
from knowledge.ingestion.chunking import Chunk
from knowledge.loaders import LoadedText

_ROOT = Path(__file__).resolve().parents[2]
_SEND_BYTES = 1 << 20
_LENGTH_DIGITS = 20


@dataclass(frozen=True)
class ParserLimits:
    """The limits for one file: time, memory of its reader, and bytes of the result. An `idle` reader exits."""

    seconds: float = 30.0
    memory: int = 512 * 2**20
    reply: int = 128 * 2**20
    idle: float = 60.0


@dataclass(frozen=True)
class ParsedDocument:
    """The text of a parsed file and its chunks."""

    text: LoadedText
    chunks: list[Chunk]


class ParserPool:
    """A pool of at most as many readers as there are processors, from the first file to `close`."""

    def __init__(self, limits: ParserLimits | None = None, *, most: int = os.cpu_count() or 1) -> None:
        self._limits = limits or ParserLimits()
        self._threads = ThreadPoolExecutor(most, "read-files")
        self._idle: queue.LifoQueue[_ParserProcess] = queue.LifoQueue()
        self._running: set[_ParserProcess] = set()
        self._closed = False
        self._lock = threading.Lock()

    async def read(self, data: bytes, name: str) -> ParsedDocument:
        """Return the text of a file and its passages, or raise `DocumentUnreadable` with the reason."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read_with_process, data, name)

    async def close(self) -> None:
        """End every reader, including those that are reading."""
        with self._lock:
            self._closed = True
            for reader in self._running:
                reader.kill()
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        for reader in self._running:
            reader.wait_closed()

    def _read_with_process(self, data: bytes, name: str) -> ParsedDocument:
        while True:
            reader, is_new = self._take_process()
            reply = reader.request_reply(data, name)
            if reply is not None:
                self._idle.put(reader)
                return _decode_reply(reply, name, self._limits)
            with self._lock:
                self._running.discard(reader)
                if self._closed:
                    raise DocumentUnreadable("the desk was stopped while the file was read; bring it in again")
            # A reader from the pool may have exited for idleness just before the request; a new one gets the file.
            if is_new or not reader.exited_idle:
                raise DocumentUnreadable(reader.end_reason)

    def _take_process(self) -> "tuple[_ParserProcess, bool]":
        while True:
            try:
                reader = self._idle.get_nowait()
            except queue.Empty:
                break
            if reader.is_there:
                return reader, False
            with self._lock:
                self._running.discard(reader)
            reader.wait_closed()
        with self._lock:
            if self._closed:
                raise DocumentUnreadable("the desk is being stopped; bring the file in again")
            reader = _ParserProcess(self._limits)
            self._running.add(reader)
        return reader, True


class _ParserProcess:
    """A reader process and the reason why it ended."""

    def __init__(self, limits: ParserLimits) -> None:
        self._limits = limits
        self._late = self._endless = False
        given = (str(limits.memory), str(limits.seconds), str(limits.idle))
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with arguments of our own
            [sys.executable, "-B", "-X", "utf8", "-m", "knowledge.ingestion.parser_worker", *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={},
            start_new_session=True,
        )

    @property
    def is_there(self) -> bool:
        return self._process.poll() is None

    @property
    def exited_idle(self) -> bool:
        """True if the reader exited by itself, before it looked at the file."""
        return self._process.returncode == 0

    @property
    def end_reason(self) -> str:
        """The reason why the file ended its reader, and what may help."""
        limits, code = self._limits, self._process.returncode
        if self._late or code == -signal.SIGXCPU:
            return f"reading it takes longer than {limits.seconds:g} s; split it, or save it anew in a simpler form"
        if self._endless:
            return f"it unfolds to more than {limits.reply:,} bytes of text; split it"
        if code == -signal.SIGABRT:
            return f"{_too_large(limits)} (SIGABRT)"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"it makes its reader crash ({how}); it is damaged: save it anew"

    def request_reply(self, data: bytes, name: str) -> bytes | None:
        """Send a file and return the reply, or None if the reader ended, which `end_reason` then explains."""
        timer = threading.Timer(self._limits.seconds, self._give_up)
        timer.start()
        try:
            self._send_request(data, name)
            reply = self._receive_reply()
        except (BrokenPipeError, ConnectionResetError):
            reply = None
        finally:
            timer.cancel()
        if reply is None:
            self.wait_closed()
        return reply

    def kill(self) -> None:
        self._process.kill()

    def wait_closed(self) -> None:
        """Close the pipes and wait for the process, or it would stay a zombie."""
        self._output_pipe.close()
        # Closing flushes, which fails for data that the process never read.
        with contextlib.suppress(BrokenPipeError):
            self._input_pipe.close()
        self._process.wait()

    @property
    def _input_pipe(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdin)

    @property
    def _output_pipe(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdout)

    def _give_up(self) -> None:
        self._late = True
        self.kill()

    def _send_request(self, data: bytes, name: str) -> None:
        self._input_pipe.write(json.dumps({"name": name, "size": len(data)}).encode() + b"\n")
        view = memoryview(data)
        for start in range(0, len(data), _SEND_BYTES):
            self._input_pipe.write(view[start : start + _SEND_BYTES])
        self._input_pipe.flush()

    def _receive_reply(self) -> bytes | None:
        header = self._output_pipe.readline(_LENGTH_DIGITS)
        if not header.endswith(b"\n"):
            return None
        length = int(header)
        if length > self._limits.reply:
            self._endless = True
            self.kill()
            return None
        reply = self._output_pipe.read(length)
        return reply if len(reply) == length else None


def _decode_reply(reply: bytes, name: str, limits: ParserLimits) -> ParsedDocument:
    read = json.loads(reply)
    if "unreadable" in read:
        raise DocumentUnreadable(read["unreadable"])
    if "failed" in read:
        if read["failed"] == MemoryError.__name__:
            raise DocumentUnreadable(_too_large(limits))
        kind = Path(name).suffix.lower()
        raise DocumentUnreadable(f"it is damaged, or no {kind} file ({read['failed']}); save it anew")
    chunks = [Chunk(position, *passage) for position, passage in enumerate(read["chunks"])]
    return ParsedDocument(LoadedText(read["title"], read["markdown"], tuple(read["pages"])), chunks)


def _too_large(limits: ParserLimits) -> str:
    return f"reading it takes more than {limits.memory // 2**20} MB of memory; split it, or save it in a simpler form"
