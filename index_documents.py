"""Bring documents into the desk: `python index_documents.py path/to/docs --agent technical`.

With a desk running on the same data directory the documents go through it; otherwise straight into the directory. Only
what is new or changed is read, so it can be run again at any time, also after it was killed.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tqdm import tqdm

from agents.catalog import Agent, Catalog, read_catalog
from backend.remote import RemoteLibrary
from backend.settings import Settings
from knowledge.errors import DataDirectoryInUse, DeskError, DocumentsNotFound
from knowledge.ingest import Destination, Outcome, Report, ingest
from knowledge.library import Library

SAMPLES = Path(__file__).parent / "knowledge" / "samples"


def main() -> int:
    """0 if every file was brought in, 1 if some failed, 2 if nothing could be done."""
    options = _options()
    try:
        report = asyncio.run(_run(options, Settings.read()))
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    if report is None:
        return 0
    _print(report)
    return 1 if report.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Bring documents into the desk.")
    parser.add_argument("path", nargs="?", type=Path, help="a file, or a directory of documents")
    parser.add_argument("--agent", help="whose knowledge; without it, the directory's subfolders name the agents")
    parser.add_argument("--prune", action="store_true", help="also drop the agent's documents that came from elsewhere")
    parser.add_argument(
        "--samples",
        action="store_true",
        help="index the documents that ship, unless the desk holds documents of its own",
    )
    options = parser.parse_args()
    if (options.path is None) != options.samples:
        parser.error("give a path, or --samples")
    if options.samples and options.agent:
        parser.error("the samples are for all agents; leave --agent out")
    return options


async def _run(options: argparse.Namespace, settings: Settings) -> Report | None:
    catalog = read_catalog(settings.catalog)
    path = SAMPLES if options.samples else options.path
    pairs = [(path, catalog.find(options.agent))] if options.agent else _folders(path, catalog)
    report = Report()
    async with _destination(settings) as destination:
        if options.samples and await _has_own_documents(destination):
            print("The desk holds documents of your own; the samples are left out.")
            return None
        for folder, agent in pairs:
            with _Progress(agent.id) as progress:
                try:
                    part = await ingest(
                        folder,
                        agent.knowledge,
                        destination,
                        prune=options.prune,
                        progress=progress.show,
                        max_bytes=settings.max_document_bytes,
                    )
                except DocumentsNotFound:
                    # One folder without documents should not keep the others out.
                    if len(pairs) == 1:
                        raise
                else:
                    report.merge(part, agent.knowledge)
    return report


def _folders(path: Path, catalog: Catalog) -> list[tuple[Path, Agent]]:
    """The subfolders that are named after agents."""
    if not path.exists():
        raise DocumentsNotFound(f"{path} does not exist")
    pairs = [
        (path / name, agent)
        for agent in catalog.all
        for name in dict.fromkeys((agent.id, agent.knowledge))
        if (path / name).is_dir()
    ]
    if not pairs:
        agents = ", ".join(agent.id for agent in catalog.all)
        raise DocumentsNotFound(
            f"{path} has no folder named after an agent; say whose knowledge it is with --agent ({agents})"
        )
    return pairs


async def _has_own_documents(destination: Destination) -> bool:
    root = SAMPLES.resolve()
    return any(not Path(info.source).is_relative_to(root) for info in await destination.listing())


@asynccontextmanager
async def _destination(settings: Settings) -> AsyncIterator[Destination]:
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
        yield library
    finally:
        await library.close()


class _Progress:
    """A bar on a terminal, a line a file otherwise."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._bar: tqdm | None = tqdm(desc=agent, unit="file") if sys.stderr.isatty() else None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, number: int, total: int, name: str, outcome: Outcome) -> None:
        """One more file is done."""
        if self._bar is None:
            print(f"{self._agent} {number}/{total} {outcome}: {name}", flush=True)
            return
        self._bar.total = total
        self._bar.set_postfix_str(name[-40:], refresh=False)
        self._bar.update(1)


def _print(report: Report) -> None:
    for name, reason in report.failed.items():
        print(f"failed: {name}: {reason}")
    for name in report.ignored:
        print(f"ignored: {name}: not a known format")
    counts = [f"{len(getattr(report, name))} {name}" for name in ("added", "changed", "removed", "skipped", "failed")]
    print(", ".join(counts))


if __name__ == "__main__":
    sys.exit(main())
