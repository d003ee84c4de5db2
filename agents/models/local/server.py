"""A local model's process as the desk sees it: started, restarted when it dies, and where it listens."""

import asyncio
import json
import logging
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil

from agents.errors import LocalModelUnknown, SettingsInvalid
from agents.models.failures import FailureKind, ModelFailure
from agents.models.local.download import GIGABYTE
from agents.models.local.table import LocalModel, find_model
from agents.settings import AgentSettings, library_environment

_LOG = logging.getLogger(__name__)

INSTALL = "make model NAME={}"
_PROGRAM = Path(__file__).with_name("serve.py")
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 60.0
# A model that cannot be started yet is looked at again after this time: it may have been downloaded.
_LOOK_AGAIN_SECONDS = 2.0
# A process that ran this long may be restarted at once.
_STEADY_SECONDS = 60.0
_LAST_WORDS = 600
_STARTING = ModelFailure(FailureKind.LOADING)


@dataclass(frozen=True)
class LocalAddress:
    """The port of a running model and the key that opens it, both good until the process ends."""

    port: int
    key: str = field(repr=False)


class LocalServer:
    """The owner of a local model's process."""

    def __init__(self, name: str, settings: AgentSettings) -> None:
        self.name = name
        self._settings = settings
        self._address: LocalAddress | None = None
        self._problem = _STARTING
        self._settled = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[object] | None = None
        self._on_change: Callable[[], Awaitable[object]] | None = None

    @property
    def address(self) -> LocalAddress:
        """The address of the model; raise `ModelFailure` with the reason while there is none."""
        if self._address is None:
            raise self._problem
        return self._address

    @property
    def state(self) -> str:
        """`running`, or why the model does not run."""
        return "running" if self._address else str(self._problem)

    def start(self, on_change: Callable[[], Awaitable[object]]) -> None:
        """Begin to run the model; `on_change` is called when it listens, and when it turns out that it cannot."""
        self._on_change = on_change
        self._running = asyncio.create_task(self._keep_running())

    async def wait_until_settled(self) -> None:
        """Wait until the model listens, or it is known why it does not."""
        await self._settled.wait()

    async def close(self) -> None:
        """End the process."""
        tasks = [task for task in (self._running, self._telling) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                order = await asyncio.to_thread(self._prepare_order)
            except ModelFailure as failure:
                self._change(failure)
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                continue
            began = time.monotonic()
            try:
                await self._run_once(order)
            except (OSError, ValueError) as error:
                self._change(_no_process(f"its process cannot be used: {error}"))
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _run_once(self, order: dict[str, object]) -> None:
        """Run the process until it ends, and end it if this task is cancelled."""
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-I", str(_PROGRAM)]
        # In a session of its own, since an interrupted desk still finishes its answers.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=pipe, env=library_environment(), start_new_session=True
        )
        assert process.stdin  # noqa: S101 - these are pipes
        assert process.stdout  # noqa: S101
        assert process.stderr  # noqa: S101
        last_words = asyncio.create_task(_read_last_words(process.stderr))
        key = secrets.token_urlsafe(32)
        try:
            process.stdin.write(json.dumps({**order, "key": key}).encode() + b"\n")
            if port := await process.stdout.readline():
                self._listen(LocalAddress(int(port), key))
            await process.wait()
        finally:
            started, self._address = self._address is not None, None
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            said = await last_words
        # What a model that was used has printed may hold questions.
        self._change(_no_process("its process ended and is started again"))
        _LOG.warning(
            "local model %s ended with %s%s", self.name, process.returncode, "" if started else f": {said}".rstrip()
        )

    def _listen(self, address: LocalAddress) -> None:
        self._address, self._problem = address, _STARTING
        _LOG.info("local model %s listens on 127.0.0.1:%d", self.name, address.port)
        self._tell()

    def _change(self, problem: ModelFailure) -> None:
        """Note why there is no address, and tell it if it is new."""
        told, self._problem = str(self._problem), problem
        if told != str(problem):
            self._tell()

    def _tell(self) -> None:
        self._settled.set()
        if self._telling:
            self._telling.cancel()
        if self._on_change:
            self._telling = asyncio.ensure_future(self._on_change())

    def _prepare_order(self) -> dict[str, object]:
        """Return what the process is told; raise `ModelFailure` if it would be started in vain."""
        directory = self._settings.models_directory
        try:
            model = find_model(self.name, directory)
        except (LocalModelUnknown, SettingsInvalid) as error:
            raise _no_process(error.message) from error
        if not model.is_in(directory):
            raise _no_process(f"it is not downloaded: {INSTALL.format(self.name)}")
        if find_spec("xllamacpp") is None:
            raise _no_process(f"llama.cpp is not installed: {INSTALL.format(self.name)}")
        _check_memory(model)
        threads = self._settings.local_model_threads or max(1, (psutil.cpu_count(logical=False) or 2) - 1)
        window = min(model.window, self._settings.local_model_window)
        path = str(model.path_in(directory).resolve())
        return {"path": path, "name": self.name, "window": window, "threads": threads}


def _check_memory(model: LocalModel) -> None:
    free = psutil.virtual_memory().available / GIGABYTE
    if free < model.memory_gb:
        raise _no_process(f"it needs {model.memory_gb:.1f} GB of memory, and {free:.1f} GB are free")


def _no_process(why: str) -> ModelFailure:
    return ModelFailure(FailureKind.UNREACHABLE, why)


async def _read_last_words(stream: asyncio.StreamReader) -> str:
    """Read all that a process prints, and return the end of it."""
    kept = b""
    while read := await stream.read(4096):
        kept = (kept + read)[-_LAST_WORDS:]
    return kept.decode(errors="replace")
