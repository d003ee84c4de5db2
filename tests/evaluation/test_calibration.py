"""The answer threshold: found from labelled questions, kept in the data directory, taken up by the desk."""

from pathlib import Path

import pytest

from backend.desk import open_desk
from backend.settings import Settings
from evaluation.calibrate import calibrate_threshold
from knowledge.errors import DataDirectoryUnusable, QuestionsInvalid
from knowledge.retrieval import calibration
from knowledge.retrieval.calibration import (
    DEFAULT_THRESHOLD,
    Calibration,
    ChosenThresholds,
    known_thresholds,
    open_thresholds,
    stored_calibration,
)
from knowledge.storage.facts import FactStore
from knowledge.storage.stores import open_stores
from tests.conftest import write_documents
from tests.evaluation.command import figures, refusal, run, write_lines
from tests.evaluation.test_questions import CATALOG, LINES, labelled, measured

FOUND = Calibration(answer_threshold=0.4, wrongly=0.05, questions=10, answerable=8)
LATER = FOUND.model_copy(update={"answer_threshold": 0.6})
OF_EACH_KIND = [measured(labelled(answerable=number % 4 > 0), number / 100) for number in range(1, 41)]


async def decline_threshold(data_dir: Path, facts: FactStore, chosen: float | None = None) -> float:
    return (await open_thresholds(data_dir, facts, ChosenThresholds(chosen, chosen))).decline


async def test_what_somebody_chose_goes_before_what_was_found_and_that_before_the_default(tmp_path: Path) -> None:
    assert known_thresholds(tmp_path, ChosenThresholds()).decline == DEFAULT_THRESHOLD
    await calibration.keep_calibration(tmp_path, FOUND)
    assert stored_calibration(tmp_path) == FOUND
    assert [known_thresholds(tmp_path, ChosenThresholds(chosen)).decline for chosen in (None, 0.0, 0.9)] == [
        0.4,
        0.0,
        0.9,
    ]


@pytest.mark.parametrize("content", ["", "{}", '{"answer_threshold": 7}', "\xff"])
def test_a_calibration_that_cannot_be_read_is_no_default(tmp_path: Path, content: str) -> None:
    (tmp_path / "calibration.json").write_text(content, encoding="latin-1")
    with pytest.raises(DataDirectoryUnusable, match=r"calibration\.json.*calibrate again"):
        known_thresholds(tmp_path, ChosenThresholds())


async def test_a_file_of_an_earlier_release_is_taken_over_once(data_dir: Path) -> None:
    (data_dir / "calibration.json").write_text(FOUND.model_dump_json(), encoding="utf-8")
    assert known_thresholds(data_dir, ChosenThresholds()).decline == 0.4
    async with open_stores(data_dir) as stores:
        assert await decline_threshold(data_dir, stores.facts, 0.9) == 0.9
        assert (data_dir / "calibration.json").exists()
        assert [await decline_threshold(data_dir, stores.facts) for _ in range(2)] == [0.4, 0.4]
    assert not (data_dir / "calibration.json").exists()
    assert stored_calibration(data_dir) == FOUND
    await calibration.keep_calibration(data_dir, LATER)
    async with open_stores(data_dir) as stores:
        assert await decline_threshold(data_dir, stores.facts) == 0.6


async def test_a_calibration_beside_a_running_desk_is_taken_over_when_it_next_starts(data_dir: Path) -> None:
    await calibration.keep_calibration(data_dir, FOUND)
    async with open_stores(data_dir) as stores:
        assert await decline_threshold(data_dir, stores.facts) == 0.4
        assert await calibration.keep_calibration(data_dir, LATER) == data_dir / "calibration.json"
        assert known_thresholds(data_dir, ChosenThresholds()).decline == 0.6
    async with open_stores(data_dir) as stores:
        assert await decline_threshold(data_dir, stores.facts) == 0.6
    assert not (data_dir / "calibration.json").exists()


async def test_a_broken_fact_is_no_default(data_dir: Path) -> None:
    async with open_stores(data_dir) as stores:
        await stores.facts.set_fact("calibration", "{}")
        with pytest.raises(DataDirectoryUnusable, match=r"knowledge\.db.*calibrate again"):
            await decline_threshold(data_dir, stores.facts)


@pytest.mark.parametrize(("chosen", "threshold"), [(None, 0.4), (0.1, 0.1)])
async def test_the_desk_takes_it_up(data_dir: Path, chosen: float | None, threshold: float) -> None:
    await calibration.keep_calibration(data_dir, FOUND)
    settings = Settings(
        data_dir=data_dir, worker_model="embedded", supervisor_model="embedded", answer_threshold=chosen
    )
    async with open_desk(settings) as desk:
        assert desk.thresholds.decline == threshold


async def test_a_calibration_tells_what_it_costs(tmp_path: Path) -> None:
    report = await calibrate_threshold(OF_EACH_KIND, 0.1, tmp_path, 0.5)
    found = stored_calibration(tmp_path)
    assert found
    assert (found.questions, found.answerable, found.wrongly) == (40, 30, 0.1)
    assert sum(m.declined_at(found.answer_threshold, 0.5) for m in OF_EACH_KIND if m.question.answerable) == 3
    told = report.as_json()
    before, now, unseen = told["compared"].values()
    assert (before["wrongly_declined"], now["wrongly_declined"]) == (1.0, 0.1)
    assert 0 < now["declined"] < 1
    assert unseen["wrongly_declined"] <= 0.2


async def test_no_unanswerable_question_is_needed(tmp_path: Path) -> None:
    report = await calibrate_threshold([measured(labelled(), 0.6), measured(labelled(), 0.8)], 0.05, tmp_path, 0.5)
    found = stored_calibration(tmp_path)
    assert found
    assert found.answer_threshold == 0.6
    assert any("unanswerable" in note for note in report.notes)
    assert any("20 answerable" in note for note in report.notes)
    assert report.as_json()["compared"]["before (0.500)"]["declined"] is None


async def test_answerable_questions_are_needed(tmp_path: Path) -> None:
    with pytest.raises(QuestionsInvalid, match="there are none"):
        await calibrate_threshold([measured(labelled(answerable=False), 0.6)], 0.05, tmp_path, 0.5)
    assert stored_calibration(tmp_path) is None


async def test_questions_that_no_agent_looked_up_are_left_out(tmp_path: Path) -> None:
    report = await calibrate_threshold([measured(labelled(), 0.6), measured(labelled(), None)], 0.05, tmp_path, 0.5)
    found = stored_calibration(tmp_path)
    assert found
    assert (found.answer_threshold, found.questions, found.answerable) == (0.6, 2, 1)
    assert any("for 1 of the answerable questions" in note for note in report.notes)


@pytest.mark.parametrize(
    ("confidences", "named"), [((None, None), "there are none"), ((0.0, 0.5, 0.9), "never declines: for 1 of 3")]
)
async def test_a_threshold_that_declines_nothing_is_not_kept(
    tmp_path: Path, confidences: tuple[float | None, ...], named: str
) -> None:
    with pytest.raises(QuestionsInvalid, match=named):
        await calibrate_threshold([measured(labelled(), confidence) for confidence in confidences], 0.05, tmp_path, 0.5)
    assert stored_calibration(tmp_path) is None


def test_a_question_for_a_person_calibrates_nothing(data_dir: Path, tmp_path: Path) -> None:
    for_a_person = {"question": "I want to talk to a human", "agents": ["general"], "answerable": True}
    questions = write_lines(tmp_path / "questions.jsonl", [*LINES, for_a_person])
    told = figures(run(tmp_path, "--questions", questions, "--catalog", CATALOG, "--calibrate", "--json"))
    assert told["answer_threshold"] > 0.02
    assert (told["questions"], told["answerable"]) == (6, 4)


def test_a_broken_calibration_is_calibrated_anew(data_dir: Path, tmp_path: Path) -> None:
    (data_dir / "calibration.json").write_text("{", encoding="utf-8")
    questions = write_lines(tmp_path / "questions.jsonl", LINES)
    done = run(tmp_path, "--questions", questions, "--catalog", CATALOG, "--calibrate")
    assert (done.returncode, "measured with 0.2" in done.stderr) == (0, True)
    assert stored_calibration(data_dir)


def test_the_command_calibrates_on_what_the_desk_has_indexed(data_dir: Path, tmp_path: Path) -> None:
    questions = write_lines(tmp_path / "questions.jsonl", LINES)
    told = figures(run(tmp_path, "--questions", questions, "--catalog", CATALOG, "--calibrate", "--json"))
    stored = stored_calibration(data_dir)
    assert stored
    assert stored.answer_threshold == pytest.approx(told["answer_threshold"], abs=1e-5)
    assert (stored.questions, stored.answerable) == (5, 4)
    assert not (data_dir / "calibration.json").exists()


def test_a_desk_without_documents_cannot_be_calibrated(tmp_path: Path) -> None:
    questions = write_lines(tmp_path / "questions.jsonl", LINES)
    assert "holds no documents" in refusal(run(tmp_path, "--questions", questions, "--calibrate"))


def test_documents_may_be_given_while_a_desk_serves(tmp_path: Path) -> None:
    write_documents(tmp_path / "documents")
    questions = write_lines(tmp_path / "questions.jsonl", LINES)
    asked = ("--questions", questions, "--documents", tmp_path / "documents", "--catalog", CATALOG, "--calibrate")
    done = run(tmp_path, *asked)
    assert done.returncode == 0
    assert "takes it up" in done.stdout
    assert stored_calibration(tmp_path / "data")
