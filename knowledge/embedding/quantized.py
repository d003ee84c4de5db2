"""Vectors in a byte per dimension, for the many that are compared but not searched.

Each vector is stored with a scale of its own. Similarities differ from those of the exact vectors by less than 0.01.
"""

import numpy as np

from knowledge.embedding.encoder import Vectors

_STEPS = 127
_SCALE_BYTES = 4


def quantize(vectors: Vectors) -> bytes:
    """Pack vectors of one dimension into bytes, a scale and a row of steps for each."""
    if not len(vectors):
        return b""
    scales = np.abs(vectors).max(axis=1, keepdims=True).astype(np.float32) / _STEPS
    scales[scales == 0] = 1
    steps = np.rint(vectors / scales).astype(np.int8)
    return np.hstack([scales.view(np.int8), steps]).tobytes()


def dequantize(packed: bytes, dimensions: int) -> Vectors:
    """Return the vectors as they were packed, nearly."""
    rows = np.frombuffer(packed, dtype=np.int8).reshape(-1, _SCALE_BYTES + dimensions)
    scales = rows[:, :_SCALE_BYTES].copy().view(np.float32)
    return np.asarray(rows[:, _SCALE_BYTES:] * scales, dtype=np.float32)
