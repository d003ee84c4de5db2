"""Each pattern is tried with what makes patterns slow, and none is compiled where it would not be tried."""

import re
import subprocess
import sys

import pytest

from tests.patterns import probe
from tests.patterns.collected import ROOT, Compiled, compiled_late, patterns


@pytest.mark.timeout(900)
def test_every_pattern_takes_time_in_proportion_to_the_text() -> None:
    probing = subprocess.run(
        [sys.executable, "-m", "tests.patterns.probe"], cwd=ROOT, capture_output=True, text=True, timeout=800
    )
    assert probing.returncode == 0, probing.stdout + probing.stderr


def test_patterns_are_compiled_where_they_can_be_found() -> None:
    assert compiled_late() == [], "compile these as constants of their module"


def test_patterns_of_classes_and_tables_are_found_too() -> None:
    places = {one.place for one in patterns()}
    assert {
        "agents.models.chunks.ThinkingFilter._OPEN",
        "agents.answering.not_known.ENGLISH.answer_types[0].question",
        "knowledge.text.words._WORD",
    } <= places


def test_what_is_done_with_a_pattern_is_read_off_its_module() -> None:
    uses = {one.place: one.uses for one in patterns()}
    assert uses["knowledge.text.sentences._NOTHING"] == {"match"}
    assert "finditer" in uses["knowledge.text.sentences._END"]


def test_quadratic_cubic_and_endless_patterns_are_noticed() -> None:
    slow = [r"\s+x", r"a.*b", r"(?:a|aa)*!", r"\W*$", r"<[^>]*>", r"(?:x*)*y", r"\s*,\s*\Z"]
    for written in slow:
        everything = frozenset({"search", "fullmatch"})
        assert probe.in_a_process(Compiled("", re.compile(written), everything), seconds=2), written


def test_linear_patterns_are_left_in_peace() -> None:
    for written in (r"(?<!\s)\s++x", r"a[^ab]*+b", r"[.!?]\s", r"\d{1,9}[.)]", r"\w+"):
        assert probe.in_a_process(Compiled("", re.compile(written), frozenset({"search"}))) is None, written
