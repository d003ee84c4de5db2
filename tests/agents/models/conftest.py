"""Both providers on the loopback, and models that reach them through the real clients.

To build a botocore client takes a third of a second, so one is shared; each test has a `Model` of its own around it,
and with that its own breakers and deadlines.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import certifi
import pytest

from agents.models.bedrock.provider import BedrockProvider
from agents.models.model_name import ModelName, parse_model, parse_server
from agents.models.openai.provider import OpenAIProvider
from agents.settings import AgentSettings
from tests.agents.models.upstream import BEDROCK, OPENAI, Upstream, isolate
from tests.providers.bedrock import BedrockServer
from tests.providers.clients import TOKENS
from tests.providers.openai import OpenAIServer
from tests.providers.script import Script


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BedrockServer, OpenAIServer]]:
    """Both servers, and an environment in which every SDK finds them and nothing else."""
    with BedrockServer() as bedrock, OpenAIServer() as openai, pytest.MonkeyPatch.context() as patch:
        isolate(patch)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDLOOPBACK")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "aws-secret-of-the-test")
        patch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.url)
        patch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
        patch.setenv("OPENAI_BASE_URL", openai.url + "/v1")
        openai.models = ("gpt-4o-mini",)
        patch.setenv("SSL_CERT_FILE", str(_one_certificate(tmp_path_factory.mktemp("certificates"))))
        yield bedrock, openai


def _one_certificate(directory: Path) -> Path:
    """Nothing here is encrypted, and to read all certificates of this machine takes longer than most of the tests."""
    end = "-----END CERTIFICATE-----\n"
    file = directory / "one.pem"
    file.write_text(Path(certifi.where()).read_text(encoding="utf-8").split(end)[0] + end, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def bedrock_provider(servers: tuple[BedrockServer, OpenAIServer]) -> Iterator[BedrockProvider]:
    """Bedrock's provider, connected: nothing in it belongs to one event loop."""
    settings = AgentSettings(model_first_token_seconds=30, model_idle_seconds=30, model_connections=32)
    provider = BedrockProvider(BEDROCK, settings)
    asyncio.run(_open(provider))
    yield provider
    asyncio.run(provider.close())


async def _open(provider: BedrockProvider) -> None:
    await provider.open_chat()


@pytest.fixture
async def bedrock(
    servers: tuple[BedrockServer, OpenAIServer], bedrock_provider: BedrockProvider
) -> AsyncIterator[Upstream]:
    """Bedrock, as new."""
    upstream = Upstream(servers[0], BEDROCK, lambda name, settings: bedrock_provider, shared=True)
    upstream.renew(Script(TOKENS))
    yield upstream
    await upstream.close()


@pytest.fixture
async def openai(servers: tuple[BedrockServer, OpenAIServer]) -> AsyncIterator[Upstream]:
    """OpenAI, as new."""
    upstream = Upstream(servers[1], OPENAI, OpenAIProvider)
    upstream.renew(Script(TOKENS))
    yield upstream
    await upstream.close()


@pytest.fixture
async def own(servers: tuple[BedrockServer, OpenAIServer]) -> AsyncIterator[Upstream]:
    """A server of one's own, as new."""
    name: ModelName = parse_server(servers[1].url)
    assert name == parse_model(f"openai-compatible:@{servers[1].url}/v1")
    upstream = Upstream(servers[1], name, OpenAIProvider)
    upstream.renew(Script(TOKENS))
    yield upstream
    await upstream.close()


@pytest.fixture(params=["bedrock", "openai"])
def upstream(request: pytest.FixtureRequest, bedrock: Upstream, openai: Upstream) -> Upstream:
    """One provider after the other."""
    return bedrock if request.param == "bedrock" else openai
