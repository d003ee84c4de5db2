"""A model is loaded once; a single question goes through its recorded graph, which says what it says or is not used."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from knowledge.embedding import encoder as encoding
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.encoder import Encoder, LoadedModel, Precision, fastest_precision
from knowledge.embedding.model_files import bundled_weights
from knowledge.embedding.traced import trace_model

TEXTS = [
    "Refunds?",
    "Wie lange dauert eine Erstattung? " * 3,
    "\N{SNOWMAN}",
    "word " * 40,
    "word " * 250,
    "word " * 900,
]


@pytest.mark.parametrize("text", TEXTS, ids=len)
def test_one_question_has_the_vector_it_has_among_others(encoder: Encoder, text: str) -> None:
    alone, among = encoder.encode_questions([text])[0], encoder.encode_questions([text, "What does it cost?"])[0]
    assert float(alone @ among) > 0.999
    assert abs(float(np.linalg.norm(alone)) - 1) < 1e-5


def test_a_question_is_asked_of_the_recording(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object, **__: object) -> None:
        raise AssertionError("not recorded")

    monkeypatch.setattr(SentenceTransformer, "encode", encode)
    assert encoder.encode_questions(["How long does a refund take?"]).shape == (1, 384)


def test_what_a_recording_would_leave_out_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a model puts words before every text, which the recording does not see."""
    model = SentenceTransformer(bundled_weights(), device="cpu", local_files_only=True)
    encode = model.encode_query

    def encode_more(text: str, **options: Any) -> Any:
        return encode(f"These words are put before every text that is asked: {text}", **options)

    monkeypatch.setattr(model, "encode_query", encode_more)
    assert trace_model(model) is None


def test_recording_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    model = SentenceTransformer(bundled_weights(), device="cpu", local_files_only=True)
    capfd.readouterr()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert trace_model(model) is not None
    assert (warned, capfd.readouterr()) == ([], ("", ""))


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Precision]]:
    """What is loaded from now on, in a process that has loaded nothing yet."""
    loads: list[tuple[str, Precision]] = []
    load = encoding._load_model

    def counting(path: str, precision: Precision) -> SentenceTransformer:
        loads.append((path, precision))
        return load(path, precision)

    monkeypatch.setattr(encoding, "_LOADED", {})
    monkeypatch.setattr(encoding, "_load_model", counting)
    return loads


def test_whoever_comes_first_loads_a_model_and_nobody_else(loads: list[tuple[str, Precision]]) -> None:
    together = threading.Barrier(4)

    def come(_: int) -> LoadedModel:
        together.wait()
        return Encoder()._loaded_model()

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(come, range(4))
    assert loads == [(bundled_weights(), fastest_precision())]
    assert all(other is first for other in others)
    assert (
        encoding.load_shared_model(bundled_weights(), "float32").model.dtype
        != encoding.load_shared_model(bundled_weights(), "bfloat16").model.dtype
    )
    assert len(loads) == 2


async def test_who_closes_takes_nothing_from_the_others(loads: list[tuple[str, Precision]]) -> None:
    one, other = Embedder(), Embedder()
    (before,) = await one.embed(TEXTS[:1])
    await other.warm_up()
    one.close()
    (after,) = await other.embed(TEXTS[:1])
    assert before.tolist() == after.tolist()
    assert len(loads) == 1
    other.close()


def test_many_threads_share_a_model_and_its_recording(loads: list[tuple[str, Precision]]) -> None:
    """From the very first question, while the recording still adapts itself to what it is given."""
    encoders = [Encoder() for _ in range(6)]
    encoders[0]._loaded_model()
    turns = [(encoder, text) for _ in range(8) for encoder in encoders for text in TEXTS[:4]]
    with ThreadPoolExecutor(len(encoders)) as threads:
        among = threads.submit(lambda: [encoders[0].encode_documents(TEXTS[:4]) for _ in range(8)])
        alone = list(threads.map(lambda turn: turn[0].encode_questions([turn[1]])[0], turns))
    for expected in among.result():
        assert np.all(np.sum(expected * np.stack(alone[:4]), axis=1) > 0.995)
    for place, vector in enumerate(alone):
        assert float(vector @ alone[place % 4]) > 0.9999


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()
