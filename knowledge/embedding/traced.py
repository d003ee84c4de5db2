"""An embedding model traced into one graph: a single text then takes half the time, without holding Python's GIL.

A model may branch on the text in ways that a trace does not record. So the graph is first compared with the model, and
is not used where the two differ.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vector = npt.NDArray[np.float32]

# Texts of several lengths, the last one longer than what models read.
_COMPARED = ("Refunds?", "How long does a refund of an annual plan take?", "a long text about many things " * 200)
_LEAST_COSINE = 0.995

_log = logging.getLogger(__name__)


class TracedModel:
    """The traced graph of a model, which maps one text to its vector."""

    def __init__(self, model: "SentenceTransformer", prompt: str) -> None:
        import torch

        self._model, self._prompt, self._torch = model, prompt, torch
        features = self._text_features(_COMPARED[1])
        self._names = tuple(features)

        class FullModel(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
                pooled: torch.Tensor = self.model(dict(zip(features, tensors, strict=True)))["sentence_embedding"]
                return pooled

        with torch.no_grad():
            whole: Any = FullModel().eval()
            traced = torch.jit.trace(whole, tuple(features.values()), check_trace=False)  # type: ignore[no-untyped-call]
            self._graph: Any = torch.jit.freeze(traced)

    def __call__(self, text: str) -> Vector:
        features = self._text_features(text)
        with self._torch.no_grad():
            vector = self._graph(*(features[name] for name in self._names))
        return np.asarray(vector[0].float().numpy(), dtype=np.float32)

    def _text_features(self, text: str) -> Mapping[str, Any]:
        features = self._model.preprocess([text], prompt=self._prompt)
        return {name: value for name, value in features.items() if isinstance(value, self._torch.Tensor)}


def trace_model(model: "SentenceTransformer", prompt: str = "") -> TracedModel | None:
    """Trace the model with the prompt of questions; return None if that fails or the graph differs from the model."""
    with _silence_warnings():
        try:
            traced = TracedModel(model, prompt)
            nearest = min(
                _cosine_similarity(traced(text), np.asarray(model.encode_query(text, prompt=prompt)))
                for text in _COMPARED
            )
        except (RuntimeError, TypeError, ValueError, KeyError, AttributeError) as error:
            _log.info("the embedding model cannot be traced and is used as it is: %s", error)
            return None
    return traced if nearest >= _LEAST_COSINE else None


def _cosine_similarity(one: Vector, other: Vector) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@contextmanager
def _silence_warnings() -> Iterator[None]:
    """Suppress warnings: tracing reads even deprecated attributes of a model, and its result is compared anyway."""
    libraries = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    levels = [library.level for library in libraries]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in libraries:
            library.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for library, level in zip(libraries, levels, strict=True):
                library.setLevel(level)
