"""One library, one log and one pair of servers for all of these tests, on one event loop."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from agents.models.model_name import parse_model
from agents.models.streaming_call import StreamingCall
from backend.runs.event_log import EventLog
from backend.storage.sql import migrations
from backend.storage.sql.checkpoints import open_memory
from backend.storage.stores import sql_stores
from knowledge.library import Library
from knowledge.storage.sqlite import SqliteDatabase
from tests.faults.silence import Silences
from tests.faults.stack import CHARGED, GPT, NOVA, STORED, Stack, settings_for
from tests.providers.bedrock import BedrockServer
from tests.providers.openai import OpenAIServer
from tests.providers.script import Script

_AWS = "AWS_PROFILE AWS_BEARER_TOKEN_BEDROCK AWS_DEFAULT_PROFILE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE".split()
_OTHER = "OPENAI_API_BASE OPENAI_ORG_ID OPENAI_PROXY HTTP_PROXY HTTPS_PROXY ALL_PROXY".split()


@pytest.fixture(scope="package")
def servers() -> Iterator[tuple[BedrockServer, OpenAIServer]]:
    """Both providers, and an environment that leads to them and nowhere else."""
    with BedrockServer() as bedrock, OpenAIServer() as openai, pytest.MonkeyPatch.context() as patch:
        for name in (*_AWS, *_OTHER, *(name.lower() for name in _OTHER)):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDLOOPBACK")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.url)
        patch.setenv("OPENAI_API_KEY", "sk-loopback")
        patch.setenv("OPENAI_BASE_URL", openai.url + "/v1")
        yield bedrock, openai


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def shared_stack(
    indexed: Path, tmp_path_factory: pytest.TempPathFactory, servers: tuple[BedrockServer, OpenAIServer]
) -> AsyncIterator[Stack]:
    """The small set of documents, and the clients of both providers, open."""
    data = tmp_path_factory.mktemp("faults")
    async with AsyncExitStack() as opened:
        library = await Library.open(indexed)
        opened.push_async_callback(library.close)
        database = SqliteDatabase(data / "desk.db", migrations.MIGRATIONS)
        opened.push_async_callback(database.close)
        memory = await opened.enter_async_context(open_memory(data))
        log = EventLog(sql_stores(database).runs)
        opened.push_async_callback(log.close)
        stack = Stack(library, database, log, memory, *servers)
        for model in (NOVA, GPT):
            provider = stack.provider(parse_model(model), settings_for())
            opened.push_async_callback(provider.close)
            # Before many ask for it at once.
            await provider.open_chat()
        for question in (CHARGED, STORED):
            # What is embedded once is remembered.
            await stack.desk(settings_for()).ask(question)
        yield stack


@pytest.fixture
def stack(shared_stack: Stack) -> Stack:
    """All of it, with servers as new."""
    for server in (shared_stack.bedrock, shared_stack.openai):
        server.script = Script()
        server.requests.clear()
    return shared_stack


@pytest.fixture
def silences(monkeypatch: pytest.MonkeyPatch) -> Silences:
    """The deadlines of all model calls, for a test to expire."""
    opened = Silences()
    monkeypatch.setattr(StreamingCall, "open_deadline", lambda call: opened.add(call))
    return opened
