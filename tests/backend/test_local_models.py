"""Model servers beside a starting desk are named in its log, with the setting that would use them."""

import asyncio
import logging
from pathlib import Path

import pytest

from agents.models.local.discovery import FoundServer
from agents.models.model_name import parse_model
from backend import local_models
from backend.local_models import LocalModels

OLLAMA = "http://127.0.0.1:11434/v1"


async def test_what_is_found_is_logged_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = FoundServer("Ollama", OLLAMA, (parse_model(f"openai-compatible:qwen3@{OLLAMA}"),))
    looked = asyncio.Event()

    async def find() -> list[FoundServer]:
        looked.set()
        return [found]

    monkeypatch.setattr(local_models, "find_servers", find)
    caplog.set_level(logging.INFO, "backend.local_models")
    local = LocalModels(tmp_path)
    local.begin()
    await looked.wait()
    await asyncio.sleep(0)
    await local.close()
    assert local.servers == [found]
    assert f"to use it: WORKER_MODEL=openai-compatible:qwen3@{OLLAMA},embedded" in caplog.text
