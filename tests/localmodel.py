"""The small model that the tests have, as a local model of a desk: an entry of its table, and its file on a hub."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.hub import Hub
from tests.llama import model_file

NAME = "smollm2-135m"
REPOSITORY, REVISION, FILE = "acme/SmolLM2-135M-GGUF", "0123456789abcdef0123456789abcdef01234567", "smollm2.gguf"


@dataclass(frozen=True)
class Weights:
    """The content of a model's file."""

    bytes: int
    sha256: str


@cache
def small_weights() -> Weights:
    """Return what the table says of the small model's file."""
    with model_file().open("rb") as file:
        return Weights(model_file().stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def weights_of(content: bytes) -> Weights:
    return Weights(len(content), hashlib.sha256(content).hexdigest())


def write_table(models: Path, weights: Mapping[str, Weights]) -> Path:
    """Write a table of models of one's own, and return the directory of models."""
    models.mkdir(parents=True, exist_ok=True)
    entries = (
        f'["{name}"]\nrepository = "{REPOSITORY}"\nfile = "{FILE}"\nrevision = "{REVISION}"\nbytes = {model.bytes}\n'
        f'sha256 = "{model.sha256}"\nlicence = "Apache-2.0"\nmemory_gb = 0.1\nwindow = 8192\n'
        for name, model in weights.items()
    )
    (models / "models.toml").write_text("\n".join(entries), encoding="utf-8")
    return models


def offer(hub: Hub, content: bytes) -> None:
    """Put a file where the table says that the model's file is."""
    hub.add(REPOSITORY, REVISION, FILE, content)


def place_model(models: Path) -> None:
    """Put the small model into a directory of models, as a download leaves it."""
    write_table(models, {NAME: small_weights()})
    shutil.copyfile(model_file(), models / f"{NAME}.gguf")
