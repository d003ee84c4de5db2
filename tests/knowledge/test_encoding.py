"""A single question goes through a recorded graph, which says what the model says or is not used."""

import warnings

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from knowledge.encoding import Encoder, bundled_weights
from knowledge.recorded import record

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
    alone, among = encoder.questions([text])[0], encoder.questions([text, "What does it cost?"])[0]
    assert float(alone @ among) > 0.999
    assert abs(float(np.linalg.norm(alone)) - 1) < 1e-5


def test_a_question_is_asked_of_the_recording(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object, **__: object) -> None:
        raise AssertionError("not recorded")

    monkeypatch.setattr(SentenceTransformer, "encode", encode)
    assert encoder.questions(["How long does a refund take?"]).shape == (1, 384)


def test_what_a_recording_would_leave_out_is_not_recorded() -> None:
    """Such a model puts words before every text, which the recording would not see."""
    prompts = {"question": "These words are put before every text that is asked: "}
    model = SentenceTransformer(
        bundled_weights(), device="cpu", local_files_only=True, prompts=prompts, default_prompt_name="question"
    )
    assert record(model) is None


def test_recording_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    model = SentenceTransformer(bundled_weights(), device="cpu", local_files_only=True)
    capfd.readouterr()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert record(model) is not None
    assert (warned, capfd.readouterr()) == ([], ("", ""))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()
