"""Packed vectors: small, and nearly as similar to each other as the exact ones."""

import numpy as np

from knowledge.embedding.quantized import dequantize, quantize

_DIMENSIONS = 384


def test_similarities_stay_within_a_hundredth() -> None:
    drawn = np.random.default_rng(3).normal(size=(200, _DIMENSIONS)).astype(np.float32)
    exact = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    packed = quantize(exact)
    assert len(packed) == 200 * (_DIMENSIONS + 4)
    assert np.abs(dequantize(packed, _DIMENSIONS) @ exact.T - exact @ exact.T).max() < 0.01


def test_no_vectors_and_a_vector_of_nothing_can_be_packed() -> None:
    assert dequantize(quantize(np.empty((0, _DIMENSIONS), dtype=np.float32)), _DIMENSIONS).shape == (0, _DIMENSIONS)
    assert not dequantize(quantize(np.zeros((1, _DIMENSIONS), dtype=np.float32)), _DIMENSIONS).any()
