"""The process of a local model, where it is not started: what is said, and that it is looked at again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from agents.models.failures import FailureKind, ModelFailure
from agents.models.local import server
from agents.models.local.server import LocalServer
from agents.settings import AgentSettings
from tests.localmodel import NAME, weights_of, write_table

CONTENT = b"no model"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(server, "_LOOK_AGAIN_SECONDS", 0.01)
    return write_table(tmp_path / "models", {NAME: weights_of(CONTENT)})


@pytest.fixture
async def changes(models: Path) -> AsyncIterator[asyncio.Queue[str]]:
    """The states that a model of that table goes through."""
    told: asyncio.Queue[str] = asyncio.Queue()
    local = LocalServer(NAME, AgentSettings(models_dir=str(models)))

    async def tell() -> None:
        told.put_nowait(local.state)

    assert local.state == "is still loading its model"
    local.start(tell)
    yield told
    await local.close()


async def test_a_model_without_memory_is_not_started(
    models: Path, changes: asyncio.Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "it is not downloaded: make model" in await changes.get()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=50_000_000))
    (models / f"{NAME}.gguf").write_bytes(CONTENT)
    assert await changes.get() == "cannot be reached (it needs 0.1 GB of memory, and 0.1 GB are free)"


async def test_a_file_that_is_no_model_is_named_and_tried_again(
    models: Path, changes: asyncio.Queue[str], caplog: pytest.LogCaptureFixture
) -> None:
    await changes.get()
    (models / f"{NAME}.gguf").write_bytes(CONTENT)
    assert await changes.get() == "cannot be reached (its process ended and is started again)"
    assert f"local model {NAME} ended with" in caplog.text


async def test_without_llama_cpp_it_is_said_how_to_install_it(
    models: Path, changes: asyncio.Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await changes.get()
    monkeypatch.setattr(server, "find_spec", lambda _: None)
    (models / f"{NAME}.gguf").write_bytes(CONTENT)
    assert f"llama.cpp is not installed: make model NAME={NAME}" in await changes.get()


async def test_an_address_that_is_not_there_says_why(models: Path) -> None:
    local = LocalServer("nobody", AgentSettings(models_dir=str(models)))
    local.start(asyncio.Event().wait)
    await local.wait_until_settled()
    with pytest.raises(ModelFailure, match="there is no local model 'nobody'") as caught:
        _ = local.address
    assert caught.value.kind is FailureKind.UNREACHABLE
    await local.close()
