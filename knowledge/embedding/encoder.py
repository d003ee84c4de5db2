"""The embedding model, loaded from what is on this machine, never from the network.

Questions and passages get the prompts that the model was trained with, and every vector is of unit length. It runs in
bfloat16 where the processor supports that natively, which is up to twice as fast and hardly moves a vector; a single
question runs through a traced graph: docs/decisions/0008-embedding-backends.md.
"""

import threading
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.embedding.model_files import BUNDLED, find_model, how_to_get
from knowledge.embedding.prompts import Prompts, prompts_of
from knowledge.embedding.traced import TracedModel, trace_model
from knowledge.errors import EmbeddingModelUnusable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
Precision = Literal["float32", "bfloat16"]

# Without these instruction sets bfloat16 is emulated, and slower than full precision.
_NATIVE_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")
# Large batches of long texts are mostly padding; small batches of short texts are mostly overhead.
_QUESTIONS_AT_ONCE, _PASSAGES_AT_ONCE = 32, 8
_AS_ARRAY: Any = {"normalize_embeddings": True, "convert_to_numpy": True, "show_progress_bar": False}
# The length of a vector that is taken for none: a model of word vectors has one for a text without any word it knows.
_NO_LENGTH = 1e-12


class LoadedModel(NamedTuple):
    """A model, its prompts and its traced graph. Embedding only reads them, so any number of threads may share them."""

    model: "SentenceTransformer"
    prompts: Prompts
    traced: TracedModel | None


_LOADING = threading.Lock()
_LOADED: dict[tuple[str, Precision], LoadedModel] = {}


class Encoder:
    """An embedding model, loaded at first use, for questions and documents alike: otherwise they would not compare."""

    def __init__(self, model: str = BUNDLED) -> None:
        self.model = model
        self._loaded: LoadedModel | None = None

    def load(self) -> None:
        """Load the model unless it is loaded."""
        self._loaded_model()

    def encode_questions(self, texts: list[str]) -> Vectors:
        """Return the unit vectors of questions."""
        loaded = self._loaded_model()
        if len(texts) == 1 and loaded.traced is not None:
            return _of_unit_length(loaded.traced(texts[0])[np.newaxis])
        encoded = loaded.model.encode_query(
            texts, prompt=loaded.prompts.query, batch_size=_QUESTIONS_AT_ONCE, **_AS_ARRAY
        )
        return _of_unit_length(encoded)

    def encode_documents(self, texts: list[str]) -> Vectors:
        """Return the unit vectors of passages."""
        loaded = self._loaded_model()
        encoded = loaded.model.encode_document(
            texts, prompt=loaded.prompts.document, batch_size=_PASSAGES_AT_ONCE, **_AS_ARRAY
        )
        return _of_unit_length(encoded)

    def unknown_words(self, words: list[str]) -> list[str]:
        """Return the words, in lower case, that the tokenizer takes apart because it does not know them."""
        tokenizer: Any = self._loaded_model().model.tokenizer
        if not hasattr(tokenizer, "convert_tokens_to_ids"):
            # That of static word vectors, which takes no word apart.
            return []

        def is_known(word: str) -> bool:
            # Some tokenizers mark the beginning of a word. Plurals are often known by the singular alone.
            forms = [f"{mark}{form}" for form in (word, word.removesuffix("s")) for mark in ("", "\u2581", "\u0120")]
            return any(tokenizer.convert_tokens_to_ids(form) != tokenizer.unk_token_id for form in forms)

        return [word for word in words if not is_known(word)]

    def _loaded_model(self) -> LoadedModel:
        if self._loaded is None:
            self._loaded = load_shared_model(find_embedding_model(self.model), fastest_precision())
        return self._loaded


def find_embedding_model(model: str) -> str:
    """Return the directory of an embedding model, or raise `EmbeddingModelUnusable` with the command that gets it."""
    path = find_model(model)
    if path is None:
        raise EmbeddingModelUnusable(f"EMBEDDING_MODEL={model} cannot be loaded: {how_to_get(model)}")
    return path


def load_shared_model(path: str, precision: Precision) -> LoadedModel:
    """Return the process's only copy of a model: each takes a hundred megabytes, and seconds to load."""
    with _LOADING:
        if (path, precision) not in _LOADED:
            model = _load_model(path, precision)
            prompts = prompts_of(model, path)
            _LOADED[path, precision] = LoadedModel(model, prompts, trace_model(model, prompts.query))
        return _LOADED[path, precision]


def describe_model(path: str) -> str:
    """Load a model and describe what matters for documents: dimensions, the length that it reads, and prompts."""
    loaded = load_shared_model(path, fastest_precision())
    (example,) = Encoder(path).encode_documents(["dimensions"])
    reads = f"reads {loaded.model.max_seq_length or 'any number of'} tokens"
    prompts = ", ".join(f"{name} {text!r}" for name, text in loaded.prompts._asdict().items() if text)
    return f"{len(example)} dimensions, {reads}, {f'prompts {prompts}' if prompts else 'no prompts'}"


def release_model(model: str) -> None:
    """Free the memory of a model once no encoder uses it any more."""
    with _LOADING:
        _LOADED.pop((find_model(model) or model, fastest_precision()), None)


def _of_unit_length(encoded: Any) -> Vectors:  # noqa: ANN401 - whatever sentence-transformers returns
    """Normalize the vectors, which at reduced precision are only nearly of unit length."""
    vectors = np.asarray(encoded, dtype=np.float32)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _NO_LENGTH)
    return np.asarray(vectors / lengths, dtype=np.float32)


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
    dtype = getattr(torch, precision)
    try:
        model = SentenceTransformer(path, device="cpu", local_files_only=True, model_kwargs={"dtype": dtype})
        # Layers behind the transformer are loaded at full precision.
        return model.to(dtype)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise EmbeddingModelUnusable(f"EMBEDDING_MODEL={path} cannot be loaded: {error}") from error
