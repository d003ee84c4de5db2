"""Which parts of an answer the pages mark: offsets of the desk, which counts characters, in a script's text."""

import json
import subprocess

import pytest

from tests.ui.test_scripts import NODE, SCRIPTS

MARKED = """
import { readFileSync } from "node:fs";
const { spansOf, kindsOf } = await import("file://%s/highlights.js");
const { text, highlights, blocks } = JSON.parse(readFileSync(0, "utf8"));
const spans = spansOf(text, highlights);
const marked = ([from, length]) => kindsOf(spans, from, length)?.map((kind) => (kind ? "w" : "-")).join("");
console.log(JSON.stringify([spans.map(([start, end]) => text.slice(start, end)), blocks.map(marked)]));
"""


@pytest.mark.parametrize(
    ("text", "highlights", "blocks", "expected"),
    [
        ("One. Two.", [[5, 9]], [[0, 9]], [["Two."], ["-----wwww"]]),
        # A character of two units, and marks that two blocks share or that one has none of.
        ("🎈 a\nbc\nd", [[1, 6]], [[0, 4], [5, 2], [8, 1]], [[" a\nbc"], ["--ww", "ww", None]]),
        ("Ab", [], [[0, 2]], [[], [None]]),
        # What an answer has no place for.
        ("Ab", [[1, 9], [1, 1]], [[0, 2]], [["b", ""], ["-w"]]),
    ],
)
def test_a_mark_is_where_its_sentence_is(
    text: str, highlights: list[list[int]], blocks: list[list[int]], expected: list[object]
) -> None:
    told = json.dumps({"text": text, "highlights": highlights, "blocks": blocks})
    script = MARKED % SCRIPTS
    run = subprocess.run(
        (NODE, "--input-type=module", "-e", script), input=told, capture_output=True, check=True, text=True
    )
    assert json.loads(run.stdout) == expected
