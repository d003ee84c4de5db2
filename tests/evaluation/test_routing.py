"""Routing among agents that are made of examples."""

from pathlib import Path
from typing import Any

import pytest

from evaluation.routing import read_agents
from knowledge.errors import QuestionsInvalid
from tests.evaluation.command import figures, refusal, run, write_lines

EXAMPLES = [
    {"text": text, "agent": agent}
    for agent, texts in {
        "Alarm clock!": (
            "wake me at six",
            "set an alarm for nine",
            "cancel my alarm",
            "is there an alarm set for tomorrow",
            "remove the alarm at ten",
            "snooze the alarm",
        ),
        "weather": (
            "will it rain today",
            "what is the weather in Paris",
            "is it going to snow",
            "how hot does it get tomorrow",
            "do I need an umbrella",
            "weather for the weekend",
        ),
        "music": (
            "play some jazz",
            "next song please",
            "play my favourite album",
            "put on a song by Queen",
            "turn up the music",
            "what song is this",
        ),
    }.items()
    for text in texts
]
QUESTIONS: list[dict[str, Any]] = [
    {"text": "set my alarm to seven", "agent": "Alarm clock!"},
    {"text": "will it be sunny tomorrow", "agent": "weather"},
    {"text": "play the next song", "agent": "music"},
    {"text": "play a song by Miles Davis", "agent": "weather"},
    {"text": "how do I amortise intangible assets under IFRS", "agent": None},
]


def test_agents_are_made_of_their_examples_alone(tmp_path: Path) -> None:
    agents = read_agents(write_lines(tmp_path / "examples.jsonl", EXAMPLES))
    assert [(agent.id, len(agent.examples)) for agent in agents] == [("Alarm clock!", 6), ("weather", 6), ("music", 6)]


def test_choices_are_counted_and_misses_shown(tmp_path: Path) -> None:
    examples = write_lines(tmp_path / "examples.jsonl", EXAMPLES)
    questions = write_lines(tmp_path / "questions.jsonl", QUESTIONS)
    page = tmp_path / "report.html"
    scores = figures(run(tmp_path, "--examples", examples, "--routing", questions, "--json", "--html", page))
    assert (scores["agents"], scores["examples"], scores["questions"]) == (3, 18, 5)
    assert scores["accuracy"] == 0.75
    # Music is right once of the twice it was chosen, the weather was expected twice and found once.
    assert scores["macro_f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3, abs=1e-4)
    assert scores["out_of_scope"] == 1.0
    assert scores["auc_out_of_scope"] == 1.0
    assert scores["confusion"]["(none of them)"] == {"(none of them)": 1}
    assert "Miles Davis" in page.read_text(encoding="utf-8")


def test_without_questions_of_nobody_their_figures_are_null(tmp_path: Path) -> None:
    examples = write_lines(tmp_path / "examples.jsonl", EXAMPLES)
    questions = write_lines(tmp_path / "questions.jsonl", QUESTIONS[:3])
    scores = figures(run(tmp_path, "--examples", examples, "--routing", questions, "--json"))
    assert (scores["accuracy"], scores["out_of_scope"], scores["auc_out_of_scope"]) == (1.0, None, None)


@pytest.mark.parametrize(
    ("examples", "named"),
    [
        ([{"text": "x", "agent": None}], "line 1: agent"),
        ([{"text": "x"}], "line 1: agent"),
        ([{"text": "", "agent": "a"}], "line 1: text"),
        ([{"text": "x", "agent": "a"}], "at least two agents"),
    ],
)
def test_examples_that_cannot_be_are_named(tmp_path: Path, examples: list[dict[str, Any]], named: str) -> None:
    with pytest.raises(QuestionsInvalid, match=named):
        read_agents(write_lines(tmp_path / "examples.jsonl", examples))


def test_an_agent_without_examples_is_named(tmp_path: Path) -> None:
    examples = write_lines(tmp_path / "examples.jsonl", EXAMPLES)
    questions = write_lines(tmp_path / "questions.jsonl", [*QUESTIONS, {"text": "x", "agent": "nobody"}])
    told = refusal(run(tmp_path, "--examples", examples, "--routing", questions))
    assert "line 6: there are no examples of an agent 'nobody'" in told
