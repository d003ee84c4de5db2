"""Ingest documents into the desk: `python index_documents.py path/to/docs --agent technical`.

If a desk runs on the same data directory, the documents go through its API; otherwise straight into the directory.
Only new and changed files are read, so that the command can be run again at any time, also after it was killed.
`--watch` keeps running and follows changes.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agents.catalog import Agent, Catalog, read_catalog
from backend.auth.audit import SYSTEM
from backend.auth.offline import record_offline
from backend.remote_library import RemoteLibrary
from backend.settings import Settings
from knowledge.errors import DataDirectoryInUse, DeskError, DocumentsEmptied, DocumentsNotFound
from knowledge.ingestion.ingest import Destination, IngestionReport, Outcome, Seen, ingest
from knowledge.ingestion.watch import watch_path
from knowledge.library import Library

SAMPLES = Path(__file__).parent / "knowledge" / "samples"
INTERRUPTED = 130
_RETRY_SECONDS = 5


def main() -> int:
    """Return 0 if every file was ingested, 1 if some failed, 2 if nothing could be done, 130 if interrupted."""
    options = _parse_options()
    try:
        return asyncio.run(
            _until_stopped(_run_ingestion(options, Settings.read()), 0 if options.watch else INTERRUPTED)
        )
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2


async def _until_stopped(work: Coroutine[Any, Any, int], stopped: int) -> int:
    """Run the work until it ends or a signal cancels it; a write in progress is completed first."""
    task = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        print("stopped; what is done is kept", flush=True)
        return stopped


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Bring documents into the desk.")
    parser.add_argument("path", nargs="?", type=Path, help="a file, a directory of documents, or a zip archive of them")
    parser.add_argument("--agent", help="whose knowledge; without it, the directory's subfolders name the agents")
    parser.add_argument("--prune", action="store_true", help="also drop the agent's documents that came from elsewhere")
    parser.add_argument("--watch", action="store_true", help="go on, and follow what changes there, until stopped")
    parser.add_argument(
        "--samples",
        action="store_true",
        help="index the documents that ship, unless the desk holds documents of its own",
    )
    options = parser.parse_args()
    if (options.path is None) != options.samples:
        parser.error("give a path, or --samples")
    if options.samples and (options.agent or options.watch):
        parser.error("the samples are for all agents and stay as they are; leave --agent and --watch out")
    return options


async def _run_ingestion(options: argparse.Namespace, settings: Settings) -> int:
    if options.samples and settings.remote_desk_url:
        print(f"The desk is at {settings.remote_desk_url}, as API_URL says; the samples are left out here.")
        return 0
    catalog = read_catalog(settings.catalog)
    path = SAMPLES if options.samples else options.path
    # Fail on wrong arguments before the data directory is locked.
    _folders_of_agents(path, options.agent, catalog)
    async with _open_destination(settings, with_samples=options.samples) as destination:
        if options.samples and await _has_own_documents(destination):
            print("The desk holds documents of your own; the samples are left out.")
            return 0
        passes = _Passes(path, options.agent, catalog, destination, settings)
        if options.watch:
            await _follow_changes(path, passes, prune=options.prune)
        report = await passes.run_pass(prune=options.prune)
    _print_report(report)
    return 1 if report.failed else 0


class _Passes:
    """Repeated ingestion of a directory; files that were not written to since the last pass are not read again."""

    def __init__(
        self, path: Path, agent: str | None, catalog: Catalog, destination: Destination, settings: Settings
    ) -> None:
        self._path = path
        self._agent = agent
        self._catalog = catalog
        self._destination = destination
        self._settings = settings
        self._seen: dict[Path, Seen] = defaultdict(dict)

    async def run_pass(self, *, prune: bool, quiet: bool = False) -> IngestionReport:
        """Ingest what is new or changed. When `quiet`, unchanged files print nothing."""
        pairs = _folders_of_agents(self._path, self._agent, self._catalog)
        report = IngestionReport()
        for folder, agent in pairs:
            with _Progress(agent.id, quiet=quiet) as progress:
                try:
                    part = await ingest(
                        folder,
                        agent.knowledge,
                        self._destination,
                        prune=prune,
                        progress=progress.show_file,
                        max_bytes=self._settings.max_document_bytes,
                        seen=self._seen[folder],
                    )
                except DocumentsNotFound as empty:
                    # One empty folder should not stop the others.
                    if len(pairs) == 1:
                        raise
                    part = IngestionReport(ignored=list(empty.ignored))
                    report.merge_folder(part, agent.knowledge)
                    if isinstance(empty, DocumentsEmptied):
                        report.failed[folder.name] = empty.message
                else:
                    report.merge_folder(part, agent.knowledge)
        await self._record_changes(report)
        return report

    async def _record_changes(self, report: IngestionReport) -> None:
        """Record the changes in the audit log, unless a running desk does so for each document."""
        counts = {what: len(getattr(report, what)) for what in ("added", "changed", "moved", "removed")}
        if isinstance(self._destination, Library) and any(counts.values()):
            after = {**counts, "agent": self._agent, "uid": os.getuid()}
            await record_offline(
                self._settings.data_dir, SYSTEM.did("documents.index", str(self._path.resolve()), None, after)
            )


async def _follow_changes(path: Path, passes: _Passes, *, prune: bool) -> None:
    """Run one pass now and one after every change, forever: a later change may fix an error."""
    followed = False
    async with aclosing(watch_path(path)) as due:
        async for _ in due:
            # Prune only in the first pass: a directory that is empty later is no reason to drop everything.
            report = await _attempt_pass(passes, prune=prune and not followed, quiet=followed)
            if report:
                _print_report(report, quiet=followed)
                followed = True


async def _attempt_pass(passes: _Passes, *, prune: bool, quiet: bool) -> IngestionReport | None:
    """Run a pass, with retries while the error may pass by itself; None if only a change can help."""
    while True:
        try:
            return await passes.run_pass(prune=prune, quiet=quiet)
        except DeskError as error:
            print(f"error: {error.message}", file=sys.stderr, flush=True)
            if not error.retryable:
                return None
        await asyncio.sleep(_RETRY_SECONDS)


def _folders_of_agents(path: Path, agent: str | None, catalog: Catalog) -> list[tuple[Path, Agent]]:
    """Map directories to agents: all to one agent, or each subfolder to the agent with its name."""
    if not path.exists():
        raise DocumentsNotFound(f"{path} does not exist")
    if agent:
        return [(path, catalog.find_agent(agent))]
    pairs = [
        (path / name, found)
        for found in catalog.all
        for name in dict.fromkeys((found.id, found.knowledge))
        if (path / name).is_dir()
    ]
    if not pairs:
        agents = ", ".join(known.id for known in catalog.all)
        raise DocumentsNotFound(
            f"{path} has no folder named after an agent; say whose knowledge it is with --agent ({agents})"
        )
    return pairs


async def _has_own_documents(destination: Destination) -> bool:
    root = SAMPLES.resolve()
    return any(not Path(info.source).is_relative_to(root) for info in await destination.listing())


@asynccontextmanager
async def _open_destination(settings: Settings, *, with_samples: bool) -> AsyncIterator[Destination]:
    try:
        library = await Library.open(settings.data_dir, embedding_model=settings.embedding_model)
    except DataDirectoryInUse as in_use:
        if in_use.owner_url is None:
            raise
        print(f"A desk is running at {in_use.owner_url}; the documents go through it.")
        async with RemoteLibrary(in_use.owner_url, settings.desk_api_key.get_secret_value()) as remote:
            yield remote
        return
    try:
        if not with_samples:
            await _change_model(library)
        yield library
    finally:
        await library.close()


async def _change_model(library: Library) -> None:
    """Embed what is stored with another model first: otherwise a new document would be embedded twice."""
    change = library.reembedding
    if change is None or change.progress is None:
        return
    print(f"The documents are embedded again, with EMBEDDING_MODEL={change.progress.next_model}.", flush=True)
    with tqdm(desc="reembed", unit="chunk", disable=not sys.stderr.isatty()) as bar:

        def show(embedded: int, chunks: int) -> None:
            bar.total = chunks
            bar.update(embedded - bar.n)

        await change.run(show)


class _Progress:
    """A progress bar on a terminal, else a line for each file; when `quiet`, only for changed ones."""

    def __init__(self, agent: str, *, quiet: bool) -> None:
        self._agent = agent
        self._quiet = quiet
        self._bar: tqdm | None = tqdm(desc=agent, unit="file") if sys.stderr.isatty() and not quiet else None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show_file(self, number: int, total: int, name: str, outcome: Outcome) -> None:
        """Report one more finished file."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(name[-40:], refresh=False)
            self._bar.update(1)
        elif not self._quiet:
            print(f"{self._agent} {number}/{total} {outcome}: {name}", flush=True)
        elif outcome != "skipped":
            print(f"{self._agent} {outcome}: {name}", flush=True)


def _print_report(report: IngestionReport, *, quiet: bool = False) -> None:
    if quiet and not (report.added or report.changed or report.moved or report.removed or report.failed):
        return
    for name, reason in report.failed.items():
        print(f"failed: {name}: {reason}")
    for line in report.ignored_lines():
        print(f"ignored: {line}")
    outcomes = ("added", "changed", "moved", "removed", "skipped", "failed")
    print(", ".join(f"{len(getattr(report, outcome))} {outcome}" for outcome in outcomes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
