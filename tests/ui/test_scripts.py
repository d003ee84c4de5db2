"""What the pages' scripts do with texts of others takes time in proportion to the text, however it is written."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT

NODE = Path(sys.executable).with_name("node")
SCRIPTS = ROOT / "assets" / "desk"
# Ten times the text, in at most so many times the time; what takes less than this is not worth measuring.
RATIO, LEAST_MS = 15, 40
PIECES = [
    *(
        " ",
        "\t",
        "\n",
        "x",
        "1",
        "-",
        "*",
        "`",
        "~",
        "[",
        "]",
        "(",
        ")",
        "<",
        "|",
        ">",
        "#",
        "_",
        "@",
        ".",
        "'",
        '"',
        "/",
    ),
    *(
        "- ",
        "1. ",
        "1) ",
        "> ",
        "> - ",
        "\n\n",
        "\n- ",
        "\n1",
        "\n ",
        "- \n",
        "|-",
        "|-|\n",
        "[1",
        "[1,",
        "[1, ",
        "[1]",
    ),
    *(
        "`\n",
        "```\n",
        "~~~\n",
        "```\n~~~\n",
        "www.",
        "http://",
        "a@",
        "mailto:",
        "\\",
        "&amp;",
        "%2",
        "x\n\n",
        "x `",
        "\r\n",
    ),
]
# Once at the beginning, then the rest; and at the end.
FRAMED = [
    ("```", "`", ""),
    ("- " * 49, " ", ""),
    ("[1", ",1", ""),
    ("```\n", "x", "\n``"),
    ("`" * 300 + "\n", "`" * 299 + "\n", ""),
]
TIMED = """
import { readFileSync } from "node:fs";
const at = (name) => import(new URL(name, "file://%s/"));
const { blocksOf, isTooMuch } = await at("blocks.js");
const { citedIn, withoutMarkers, markers } = await at("citations.js");
const { addressesOf, hostOf } = await at("links.js");
const { shading } = await at("shading.js");
const { kindsOf, spansOf } = await at("highlights.js");
const text = (value) => ({ type: "root", children: [{ type: "text", value }] });
const whole = ({ length }) => ({ start: { offset: 0 }, end: { offset: length } });
const code = (source) => ({
  type: "root",
  children: [{ type: "element", tagName: "code", position: whole(source), children: [] }],
});
const work = {
  blocksOf, isTooMuch, citedIn, withoutMarkers,
  markers: (value) => markers()(text(value)),
  addressesOf: (value) => addressesOf([{ links: [value, `https://${value}`] }]),
  hostOf: (value) => hostOf("https://desk.example/x", value, new Set()) + hostOf(`https://${value}`, value, new Set()),
  shading: (source) => shading({ source, kinds: [] })(text(source)),
  code: (source) => shading({ source, kinds: [] })(code(source)),
  highlights: (value) => kindsOf(spansOf(value, [[0, value.length]]), 0, value.length),
};
const spent = (task, value) => {
  let least = Infinity;
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    task(value);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
    if (least > 3000) break;
  }
  return least;
};
const slow = [];
for (const [before, piece, after] of JSON.parse(readFileSync(0, "utf8"))) {
  for (const [name, task] of Object.entries(work)) {
    const at = (size) => spent(task, before + piece.repeat(Math.ceil(size / piece.length)) + after);
    const small = at(10_000);
    const large = small > 500 ? Infinity : at(100_000);
    if (large > %d && large > %d * small) slow.push([name, before.slice(0, 20), piece, small, large]);
  }
}
console.log(JSON.stringify(slow));
"""


def slow_on(framed: list[tuple[str, str, str]]) -> list[list[object]]:
    script = TIMED % (SCRIPTS, LEAST_MS, RATIO)
    run = subprocess.run(
        (NODE, "--input-type=module", "-e", script),
        input=json.dumps(framed),
        capture_output=True,
        check=True,
        text=True,
    )
    return list(json.loads(run.stdout))


@pytest.mark.parametrize("part", range(4))
def test_every_script_is_linear_in_texts_of_others(part: int) -> None:
    framed = [(before, piece, after) for piece in PIECES for before, after in (("", ""), ("x", "x"))]
    assert slow_on([*framed, *FRAMED][part::4]) == []


def test_patterns_stand_in_the_scripts_that_are_measured() -> None:
    literal = re.compile(r"(?<=[(=,:?&|\s])/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\n\\])+/[a-z]*(?=[.,;)\s])")
    found = {pattern for file in SCRIPTS.glob("*.jsx") for pattern in literal.findall(file.read_text())}
    # Of the page's own address, from its beginning.
    assert found == {r"/^\/c\/([^/]+)/"}
