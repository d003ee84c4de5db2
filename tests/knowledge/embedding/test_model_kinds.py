"""Models other than the bundled one: their prompts, pooling and dimensions, whatever the precision."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from knowledge.embedding import encoder as encoding
from knowledge.embedding.encoder import Encoder, Precision, describe_model
from knowledge.embedding.model_files import bundled_weights
from knowledge.embedding.prompts import Prompts, prompts_of
from knowledge.errors import EmbeddingModelUnusable
from tests.knowledge.embedding.models import projected_model, random_model

QUESTION, OTHER = "How long does a refund of an annual plan take?", "Where is customer data stored?"
PASSAGE = "An annual plan is refunded in full within 30 days of the first purchase. " * 8


@pytest.fixture(params=["float32", "bfloat16"])
def precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Precision:
    monkeypatch.setattr(encoding, "_LOADED", {})
    monkeypatch.setattr(encoding, "fastest_precision", lambda: request.param)
    return request.param  # type: ignore[no-any-return]


def check(path: str, dimensions: int, query: str = "", document: str = "") -> None:
    """Its vectors are of unit length and those that sentence-transformers makes of a prompt and a text."""
    encoder = Encoder(path)
    reference = SentenceTransformer(path, device="cpu", local_files_only=True)
    alone = encoder.encode_questions([QUESTION])
    among = encoder.encode_questions([QUESTION, OTHER])
    passages = encoder.encode_documents([PASSAGE, OTHER])
    assert alone.shape == (1, dimensions)
    for vectors, texts, prompt in (
        (alone, [QUESTION], query),
        (among, [QUESTION, OTHER], query),
        (passages, [PASSAGE, OTHER], document),
    ):
        expected = reference.encode(texts, prompt=prompt, normalize_embeddings=True)
        assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
        assert np.sum(vectors * expected, axis=1).min() > 0.995


@pytest.mark.parametrize("dimensions", [512, 1024])
def test_a_model_of_more_dimensions_with_prompts(precision: Precision, tmp_path: Path, dimensions: int) -> None:
    prompts = {"query": "Represent this question: ", "passage": "Represent this passage: "}
    path = projected_model(tmp_path / "model", dimensions, prompts)
    check(path, dimensions, prompts["query"], prompts["passage"])
    assert describe_model(path).startswith(f"{dimensions} dimensions, reads 256 tokens, prompts query")


@pytest.mark.parametrize("pooling_mode", ["cls", "mean", "max"])
def test_another_architecture_and_pooling(precision: Precision, tmp_path: Path, pooling_mode: str) -> None:
    check(random_model(tmp_path, pooling_mode), 64)


def test_a_prompt_that_is_not_pooled(precision: Precision, tmp_path: Path) -> None:
    prompts = {"query": "These are many words before every question that is asked: "}
    path = projected_model(tmp_path / "model", 384, prompts, include_prompt=False)
    check(path, 384, prompts["query"])


@pytest.mark.parametrize(
    ("configured", "default", "path", "expected"),
    [
        ({}, None, "/models/any", Prompts()),
        ({"query": "q: ", "document": "d: "}, None, "/models/any", Prompts("q: ", "d: ")),
        ({"query": "q: ", "corpus": "c: "}, None, "/models/any", Prompts("q: ", "c: ")),
        ({"task": "t: "}, "task", "/models/any", Prompts("t: ", "t: ")),
        ({"query": "q: ", "task": "t: "}, "task", "/models/any", Prompts("q: ", "t: ")),
        ({}, None, "/hub/models--intfloat--multilingual-e5-small/snapshots/1", Prompts("query: ", "passage: ")),
        ({"query": "q: "}, None, "/models/e5-base-v2", Prompts("q: ", "")),
        ({}, None, "/models/multilingual-e5-large-instruct", Prompts()),
    ],
)
def test_prompts_are_those_of_the_configuration(
    configured: Mapping[str, str], default: str | None, path: str, expected: Prompts
) -> None:
    model = SentenceTransformer(
        bundled_weights(), device="cpu", local_files_only=True, prompts=dict(configured), default_prompt_name=default
    )
    assert prompts_of(model, path) == expected


def test_a_model_that_is_not_there_names_the_command_that_gets_it(tmp_path: Path) -> None:
    for name, remedy in (
        ("nobody/nothing", "python -m knowledge.embedding get nobody/nothing"),
        (str(tmp_path / "nowhere"), "there is no directory"),
    ):
        with pytest.raises(EmbeddingModelUnusable, match=remedy):
            Encoder(name).load()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EmbeddingModelUnusable, match="cannot be loaded"):
        Encoder(str(tmp_path)).load()
