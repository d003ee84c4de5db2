"""The local models of a desk: downloads, each in a process of its own, and the model servers found beside it."""

import asyncio
import logging
import sys
from pathlib import Path

from agents.errors import DownloadUnderWay
from agents.models.local.discovery import FoundServer, find_servers
from agents.models.local.download import remove_model
from agents.models.local.table import LocalModel, find_model, read_models
from backend.runs.background import in_background

_LOG = logging.getLogger(__name__)


class LocalModels:
    """The downloads of a desk, one at a time, and what was found at its start."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.servers: list[FoundServer] = []
        self._looking: asyncio.Task[None] | None = None
        self._download: asyncio.Task[None] | None = None
        self._errors: dict[str, str] = {}

    def begin(self) -> None:
        """Look for model servers on this machine."""
        self._looking = in_background(self._look_for_servers(), "search for model servers")

    async def read_table(self) -> dict[str, LocalModel]:
        """Return the models that can be downloaded, by name."""
        return await asyncio.to_thread(read_models, self.directory)

    @property
    def downloading(self) -> str | None:
        """The name of the model that is being downloaded."""
        return self._download.get_name() if self._download and not self._download.done() else None

    def error_of(self, name: str) -> str | None:
        """Return why the last download of a model failed, if it did."""
        return self._errors.get(name)

    async def download(self, name: str) -> LocalModel:
        """Begin to download a model; raise `DownloadUnderWay` while another is being downloaded."""
        model = await asyncio.to_thread(find_model, name, self.directory)
        if (other := self.downloading) and other != name:
            raise DownloadUnderWay(f"{other} is being downloaded; try again when it is there")
        if not self.downloading and not await asyncio.to_thread(model.is_in, self.directory):
            self._errors.pop(name, None)
            self._download = in_background(self._run_download(name), name)
        return model

    async def remove(self, name: str) -> bool:
        """Delete the file of a model, and stop its download; return False if there was nothing."""
        model = await asyncio.to_thread(find_model, name, self.directory)
        if self.downloading == name and self._download:
            self._download.cancel()
            await asyncio.gather(self._download, return_exceptions=True)
        self._errors.pop(name, None)
        return await asyncio.to_thread(remove_model, model, self.directory)

    async def close(self) -> None:
        """Stop the download; the next one goes on from there."""
        tasks = [task for task in (self._looking, self._download) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_for_servers(self) -> None:
        self.servers = await find_servers()
        for server in self.servers:
            _LOG.info("a model server runs on this machine: %s", server)

    async def _run_download(self, name: str) -> None:
        """Download in a process, which can be stopped at any moment and keeps what it has."""
        command = [sys.executable, "-m", "agents.models", "get", name, "--directory", str(self.directory.resolve())]
        none, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=none, stdout=none, stderr=pipe)
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            lines = said.decode(errors="replace").strip().splitlines()
            self._errors[name] = lines[-1].removeprefix("error: ") if lines else f"it ended with {process.returncode}"
            _LOG.warning("the download of local model %s failed: %s", name, self._errors[name])
        else:
            _LOG.info("local model %s is downloaded", name)
