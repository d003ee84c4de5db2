"""`python -m backend.maintenance check|rebuild|reembed`: check or mend the documents of a stopped server.

`rebuild` makes their indexes anew; `reembed` embeds them with EMBEDDING_MODEL where they are of another model.
"""

import argparse
import asyncio
import sys
from functools import partial

from tqdm import tqdm

from backend.settings import Settings
from knowledge.errors import DeskError
from knowledge.index.integrity import check
from knowledge.library import Library


def main() -> int:
    """Run a task and return 0 if all is well, 1 if something is wrong, 2 if nothing could be done."""
    parser = argparse.ArgumentParser(prog="python -m backend.maintenance", description=__doc__)
    tasks = {"check": _check, "rebuild": _rebuild, "reembed": _reembed}
    parser.add_argument("task", choices=tasks)
    task = parser.parse_args().task
    try:
        return asyncio.run(tasks[task](Settings.read()))
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2


async def _check(settings: Settings) -> int:
    health = await check(settings.data_dir)
    print(f"{settings.data_dir}: {health.documents:,} documents, {health.chunks:,} chunks")
    if health.pending:
        print(f"{health.pending:,} changes wait to be told to the vector index; the desk does that when it starts")
    for line in health.problems:
        print(line)
    if health.problems:
        print("what is wrong with an index is mended by: python -m backend.maintenance rebuild")
        return 1
    print("all is well")
    return 0


async def _rebuild(settings: Settings) -> int:
    library = await Library.open(settings.data_dir, embedding_model=settings.embedding_model)
    try:
        chunks = await library.rebuild()
    finally:
        await library.close()
    print(f"{settings.data_dir}: both indexes are made anew from {chunks:,} stored chunks; nothing was embedded again")
    return 0


async def _reembed(settings: Settings) -> int:
    library = await Library.open(settings.data_dir, embedding_model=settings.embedding_model)
    try:
        if library.reembedding is None:
            print(f"{settings.data_dir}: all documents are embedded with {settings.embedding_model} already")
            return 0
        with tqdm(desc="reembed", unit="chunk") as bar:
            await library.reembedding.run(partial(_show_progress, bar))
    finally:
        await library.close()
    print(f"{settings.data_dir}: all documents are embedded with {settings.embedding_model}")
    return 0


def _show_progress(bar: tqdm, embedded: int, chunks: int) -> None:
    bar.total = chunks
    bar.update(embedded - bar.n)


if __name__ == "__main__":
    sys.exit(main())
