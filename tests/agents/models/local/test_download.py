"""`python -m agents.models get`: a file is downloaded once, verified, and continued where it was interrupted."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock
from huggingface_hub import constants

from agents.errors import DownloadUnderWay, LocalModelUnknown, ModelDownloadFailed, ModelFileRefused, SettingsInvalid
from agents.models.local import download
from agents.models.local.download import download_model, remove_model
from agents.models.local.table import LocalModel, find_model, read_models
from knowledge.errors import StorageFull
from tests import commands
from tests.hub import Hub, model_hub
from tests.localmodel import NAME, offer, weights_of, write_table
from tests.serving import environment

CONTENT = os.urandom(3_000_000)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with model_hub() as running:
        offer(running, CONTENT)
        yield running


@pytest.fixture
def models(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of models with a table, and huggingface_hub in this process pointed at the hub."""
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(download, "_PAUSE_SECONDS", 0)
    return write_table(tmp_path / "models", {NAME: weights_of(CONTENT)})


@pytest.fixture
def model(models: Path) -> LocalModel:
    return find_model(NAME, models)


def asking(directory: Path, hub: Hub) -> dict[str, str]:
    return environment(directory / "data", 1, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE=0, HF_HOME=directory / "hf")


def test_a_killed_download_goes_on_where_it_stopped(tmp_path: Path, hub: Hub) -> None:
    models = write_table(tmp_path / "data" / "models", {NAME: weights_of(CONTENT)})
    hub.hold_at = 2_000_000
    process = subprocess.Popen(
        [sys.executable, "-m", "agents.models", "get", NAME], env=asking(tmp_path, hub), cwd=tmp_path
    )
    partial = models / f"{NAME}.gguf.part"
    while not partial.exists() or not partial.stat().st_size:
        time.sleep(0.02)  # polls for a condition; the test's own time limit bounds it
    process.kill()
    process.wait()
    had = partial.stat().st_size
    assert 0 < had <= 2_000_000
    hub.hold_at = None
    hub.released.set()
    done = commands.run_alone("-m", "agents.models", "get", NAME, env=asking(tmp_path, hub), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"WORKER_MODEL=local:{NAME},embedded" in done.stdout
    assert hub.asked == [None, f"bytes={had}-"]
    assert (models / f"{NAME}.gguf").read_bytes() == CONTENT
    assert not (models / f"{NAME}.gguf.part").exists()


def test_a_wrong_file_is_refused_and_removed(tmp_path: Path, hub: Hub) -> None:
    models = write_table(tmp_path / "data" / "models", {NAME: weights_of(CONTENT)})
    offer(hub, CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    done = commands.run_alone("-m", "agents.models", "get", NAME, env=asking(tmp_path, hub), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"error: what the hub sent for {NAME} is not smollm2.gguf at 0123456789ab: its sha256"
    )
    assert "Traceback" not in done.stderr
    assert not list(models.glob("*.gguf*"))


def test_a_model_that_is_there_is_not_downloaded_again(models: Path, model: LocalModel, hub: Hub) -> None:
    path = download_model(model, models)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256
    assert download_model(model, models) == path
    assert hub.asked == [None]


def test_a_broken_connection_is_continued(models: Path, model: LocalModel, hub: Hub) -> None:
    hub.cut_at = 1_200_000
    download_model(model, models)
    assert len(hub.asked) > 1
    assert all(asked and asked != "bytes=0-" for asked in hub.asked[1:])


def test_a_hub_without_ranges_starts_over(models: Path, model: LocalModel, hub: Hub) -> None:
    model.partial_in(models).write_bytes(b"x" * 1_000_000)
    hub.ranges = False
    assert download_model(model, models).read_bytes() == CONTENT


def test_a_file_that_does_not_end_fills_no_disk(models: Path, model: LocalModel, hub: Hub) -> None:
    offer(hub, CONTENT + b"more" * 1_000_000)
    with pytest.raises(ModelFileRefused, match="longer than 3,000,000 bytes"):
        download_model(model, models)
    assert not model.partial_in(models).exists()


def test_a_hub_that_lacks_the_file_is_not_asked_twice(models: Path, model: LocalModel, hub: Hub) -> None:
    hub.files.clear()
    with pytest.raises(ModelDownloadFailed, match=r"HTTP 404 for smollm2\.gguf"):
        download_model(model, models)


def test_a_hub_that_fails_is_given_up_and_what_came_is_kept(models: Path, model: LocalModel, hub: Hub) -> None:
    model.partial_in(models).write_bytes(CONTENT[:500_000])
    hub.status = 503
    with pytest.raises(ModelDownloadFailed, match="run the command again"):
        download_model(model, models)
    assert len(hub.asked) == 0
    hub.status = 200
    assert download_model(model, models).read_bytes() == CONTENT
    assert hub.asked == ["bytes=500000-"]


def test_a_disk_without_room_is_said_before_anything_is_fetched(
    models: Path, model: LocalModel, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(StorageFull, match=r"needs 0\.1 GB .* 0\.0 GB are free"):
        download_model(model, models)
    assert hub.asked == []


def test_two_downloads_do_not_write_to_one_file(models: Path, model: LocalModel) -> None:
    with FileLock(models / f"{NAME}.lock"), pytest.raises(DownloadUnderWay):
        download_model(model, models)


def test_nothing_is_asked_of_the_hub_while_it_is_offline(
    models: Path, model: LocalModel, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelDownloadFailed, match="HF_HUB_OFFLINE"):
        download_model(model, models)
    assert hub.asked == []


def test_a_model_is_removed_with_what_was_begun_of_it(models: Path, model: LocalModel) -> None:
    assert not remove_model(model, models)
    model.partial_in(models).write_bytes(b"begun")
    model.path_in(models).write_bytes(b"there")
    assert remove_model(model, models)
    assert not list(models.glob("*.gguf*"))


def test_the_models_that_ship_are_small_and_pinned(tmp_path: Path) -> None:
    models = read_models(tmp_path)
    assert 3 <= len(models) <= 4
    assert all(0.3e9 < model.bytes < 4e9 < 1e9 * 2 * model.window for model in models.values())
    assert all(model.memory_gb * 1e9 > model.bytes for model in models.values())


def test_a_name_that_is_not_in_the_table_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(LocalModelUnknown, match=r"'../../x'; there are smollm2-360m, qwen2\.5-1\.5b"):
        find_model("../../x", tmp_path)


@pytest.mark.parametrize(
    "table",
    ["x", "[a]\n", '["../a"]\nfile = "a.gguf"', "a = 1"],
)
def test_a_table_that_cannot_be_used_is_named(tmp_path: Path, table: str) -> None:
    (tmp_path / "models.toml").write_text(table, encoding="utf-8")
    with pytest.raises(SettingsInvalid, match=r"models\.toml"):
        read_models(tmp_path)


def test_the_list_shows_what_is_there(tmp_path: Path) -> None:
    models = write_table(tmp_path / "data" / "models", {NAME: weights_of(CONTENT)})
    (models / f"{NAME}.gguf.part").write_bytes(CONTENT[:1_500_000])
    run = commands.run("agents.models", "list", env=environment(tmp_path / "data", 1), cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["0", "0", "0", "0", "50"]
    assert "smollm2-360m" in lines[0]
    assert "Apache-2.0" in lines[0]
