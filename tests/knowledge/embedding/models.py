"""Embedding models in the form that sentence-transformers reads, made on the fly of the bundled weights or of none."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaModel

from knowledge.embedding.model_files import bundled_weights


@cache
def _bundled() -> SentenceTransformer:
    return SentenceTransformer(bundled_weights(), device="cpu", local_files_only=True)


def projected_model(
    directory: Path, dimensions: int = 512, prompts: Mapping[str, str] | None = None, **pooling: bool
) -> str:
    """The bundled model behind a rotation into another number of dimensions, which keeps every similarity."""
    transformer = _bundled()[0]
    width = 384
    dense = Dense(width, dimensions, bias=False, activation_function=torch.nn.Identity())
    drawn = torch.randn(dimensions, dimensions, generator=torch.Generator().manual_seed(dimensions))
    dense.linear.weight.data = torch.linalg.qr(drawn).Q[:, :width].contiguous()
    pooled = Pooling(width, pooling_mode="mean", **pooling)
    SentenceTransformer(modules=[transformer, pooled, dense], prompts=dict(prompts or {}), device="cpu").save(
        str(directory)
    )
    return str(directory)


def random_model(directory: Path, pooling_mode: str = "cls", dimensions: int = 64) -> str:
    """A small one of another architecture, which has learned nothing."""
    tokenizer = AutoTokenizer.from_pretrained(bundled_weights())
    shape = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=dimensions,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=130,
        pad_token_id=0,
    )
    base = directory / "base"
    XLMRobertaModel(shape).save_pretrained(base)
    tokenizer.save_pretrained(base)
    transformer = Transformer(str(base), max_seq_length=128)
    modules = [transformer, Pooling(dimensions, pooling_mode=pooling_mode)]
    SentenceTransformer(modules=modules, device="cpu").save(str(directory / "model"))
    return str(directory / "model")
