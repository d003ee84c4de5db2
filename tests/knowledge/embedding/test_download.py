"""The command that downloads a model: from a hub on this machine, killed in the middle, and then used without a hub."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from knowledge.embedding.encoder import Encoder
from knowledge.embedding.model_files import download_model, find_model
from knowledge.errors import WeightsNotDownloaded
from tests.knowledge.embedding.hub import Hub, serve_hub
from tests.knowledge.embedding.models import random_model
from tests.serving import ROOT

NAME = "acme/small"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with files in formats that nobody downloads."""
    root = Path(random_model(tmp_path_factory.mktemp("published")))
    (root / "pytorch_model.bin").write_bytes(b"pickled")
    (root / "onnx").mkdir()
    (root / "onnx" / "config.json").write_text("{}")
    return root


def get(name: str, hub: Hub, home: Path) -> subprocess.Popen[str]:
    """The command under way."""
    env = {"PATH": os.environ["PATH"], "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}  # noqa: TID251
    return subprocess.Popen(
        [sys.executable, "-m", "knowledge.embedding", "get", name],
        env=env,
        cwd=home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_download_that_is_killed_goes_on_and_the_model_is_used_without_the_hub(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    with serve_hub(Hub({NAME: published}, stalls_at="model.safetensors")) as hub:
        killed = get(NAME, hub, home)
        assert hub.stalled.wait(60)
        killed.kill()
        killed.communicate()
        assert find_model(NAME) is None
        hub.go_on.set()
        again = get(NAME, hub, home)
        told, errors = again.communicate()
        assert again.returncode == 0, errors
    assert "acme/small: 64 dimensions, reads 128 tokens, no prompts," in told
    assert "use it with EMBEDDING_MODEL=acme/small" in told
    assert not [path for path in hub.asked if "pytorch_model" in path or "/onnx/" in path]
    assert Encoder(NAME).encode_questions(["What does it cost?"]).shape == (1, 64)


def test_what_cannot_be_downloaded_says_why(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "config.json").write_text(json.dumps({"architectures": ["BertModel"]}))
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"pickled")
    with serve_hub(Hub({"acme/pickled": tmp_path / "pickled"})) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        for name, reason in (
            ("acme/nothing", "there is no model acme/nothing at the hub"),
            ("acme/pickled", "no weights in the format safetensors"),
            ("a/b/c", "write owner/model"),
        ):
            with pytest.raises(WeightsNotDownloaded, match=reason):
                download_model(name)
    with pytest.raises(WeightsNotDownloaded, match="run the command again"):
        download_model(NAME)
