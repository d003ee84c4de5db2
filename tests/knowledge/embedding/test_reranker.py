"""The optional second look at what a search found, with a cross-encoder too small to know anything."""

import shutil
from pathlib import Path

import pytest
from sentence_transformers import CrossEncoder
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from knowledge.embedding.model_files import bundled_weights
from knowledge.embedding.reranker import Reranker
from knowledge.errors import RerankerUnusable
from knowledge.library import Library
from knowledge.retrieval.search import Searcher

QUESTION = "Is a duplicate charge refunded?"


def cross_encoder(directory: Path, labels: int = 1) -> Path:
    """One with random weights, in the form that sentence-transformers reads."""
    tokenizer = AutoTokenizer.from_pretrained(bundled_weights())
    shape = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    shape.num_labels = labels
    model = BertForSequenceClassification(shape)
    # Weights as they come make nearly the same score of everything.
    model.classifier.weight.data.normal_(0, 5)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


async def test_the_best_passages_stand_in_the_cross_encoders_order(indexed: Path, tmp_path: Path) -> None:
    path = str(cross_encoder(tmp_path / "model"))
    library = await Library.open(Path(shutil.copytree(indexed, tmp_path / "data")))
    reranker = Reranker(path)
    try:
        plain = await Searcher(library).search(QUESTION, "billing")
        found = await Searcher(library, reranker).search(QUESTION, "billing")
    finally:
        reranker.close()
        await library.close()
    texts = [f"{passage.chunk.title}. {passage.chunk.text}" for passage in found.passages]
    scores = CrossEncoder(path, device="cpu").predict([(QUESTION, text) for text in texts])
    assert list(scores) == sorted(scores, reverse=True)
    assert len(set(scores)) == len(found.passages) > 1
    assert set(found.passages) == set(plain.passages)
    assert found.signals == plain.signals


async def test_a_reranker_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    for name, reason in (
        (str(tmp_path / "nowhere"), "cannot be loaded"),
        (str(cross_encoder(tmp_path / "three", 3)), "gives 3 scores"),
    ):
        reranker = Reranker(name)
        with pytest.raises(RerankerUnusable, match=reason):
            await reranker.warm_up()
        reranker.close()
