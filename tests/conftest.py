"""Shared fixtures: a small set of documents, a library over it, a desk over it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from tests.serving import Server, serve

# Several of these processes share the processors. Threads of torch that wait for one another would spin meanwhile.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # noqa: TID251 - torch reads it when it is imported

DOCUMENTS = {
    "billing/refunds.md": """# Refunds

## Duplicate charges

A duplicate charge is refunded within 5 to 10 working days to the same card. To report one:

1. Open **Settings > Billing > Invoices** and note both invoice numbers.
2. Write to billing@acme.example with both numbers.

## Annual plans

An annual plan is refunded in full within 30 days of the first purchase. After that there is no refund, unless Acme
removed seats by its own fault.
""",
    "billing/prices.md": """# Prices

| Plan | Price per month | Storage |
| --- | --- | --- |
| Starter | 6 USD | 100 GB |
| Team | 12 USD | 500 GB |
""",
    "technical/uploads.md": """# Upload API

The Upload API answers 413 when a single request is larger than 100 MB. Use a multipart upload session for larger
files. A session expires after 24 hours.
""",
    "technical/rate-limits.txt": """The API answers 429 with Retry-After when a token sends over 600 requests a minute.
""",
    "compliance/privacy.md": """# Privacy

Customer data is stored in Frankfurt. Data is encrypted at rest with AES-256. Personal data is erased from backups
within 90 days after an account is deleted.
""",
    "general/support.md": """# Support hours

Support is open Monday to Friday from 08:00 to 18:00 CET. On public holidays only severity 1 cases are answered.
""",
}


def write_documents(root: Path) -> Path:
    """Write the small set of documents to disk."""
    for name, text in DOCUMENTS.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


async def index(data_dir: Path, root: Path) -> None:
    """Ingest every folder of documents into a data directory."""
    library = await Library.open(data_dir)
    for folder in sorted(root.iterdir()):
        await ingest(folder, folder.name, library)
    await library.close()


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that holds the small set; copy it before writing to it."""
    base = tmp_path_factory.mktemp("indexed")
    asyncio.run(index(base / "data", write_documents(base / "documents")))
    return base / "data"


@pytest.fixture
def data_dir(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the indexed small set, for this test alone."""
    return Path(shutil.copytree(indexed, tmp_path / "data"))


@pytest.fixture
async def library(data_dir: Path) -> AsyncIterator[Library]:
    """An open library over the small set."""
    opened = await Library.open(data_dir)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def server(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk over the small set, shared by the tests of a module."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("served") / "data"))
    with serve(data) as running:
        yield running
