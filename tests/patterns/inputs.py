"""Texts that make a backtracking pattern slow: one thing over and over, and then something that does not fit."""

import re
import re._constants as ops  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator
from typing import Any

# A text of about so many characters.
Grown = Callable[[int], str]

_UNITS = (
    *(" ", "\n", "\t", " \n", "\n\n", "\r\n", ".", "? ", ". ", "! ", ": ", ",", ", ", ";", "'", '"', "’", "`", "~"),
    *("*", "_", "__", "**", "* ", "- ", "#", "# ", "|", "| ", "|-", "-", "=", "+", "/", "\\", "&", "<", ">", "> "),
    *("<a ", "</", "[", "]", "[1", "[1]", "[1, ", "(", ")", "{", "}", "a", "A", "a ", "A ", "ab ", "a.", "aA", "Bq "),
    *(
        "x\n",
        "é",
        "字",
        "а",
        "0",
        "00",
        "1 ",
        "1.",
        "1. ",
        "0,",
        "1[",
        "\u200b",
        "\x00",
        "\xad",
        "and ",
        "@",
        "a@",
        "%",
    ),
    *(". x Bq", "a b, c. D! e? ", "`a` **b** _c_ [d](e) <f> ", "1) a\n2. b\n- c\n> d\n"),
)
_BREAKS = ("", "x", "\n", "!", "\x00")
_MOST_SAMPLE = 40
_MOST_DERIVED = 160


def general() -> Iterator[tuple[str, Grown]]:
    """Units that have nothing to do with the pattern."""
    for unit in _UNITS:
        for ending in _BREAKS:
            yield f"{unit!r}...{ending!r}", _grown("", unit, ending)
        yield f"'x'{unit!r}...", _grown("x", unit, "x")


def derived(pattern: re.Pattern[str] | re.Pattern[bytes]) -> Iterator[tuple[str, Grown]]:
    """What a pattern itself repeats, behind what it wants before that."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(source, pattern.flags & ~re.DEBUG & (~re.UNICODE if isinstance(pattern.pattern, bytes) else -1))
    found: dict[tuple[str, str], None] = {}
    whole = _sample(tree)
    found["", whole] = None
    for prefix, body in _repeats(tree, ""):
        for unit in {body, body[:1], f"{body} "}:
            if unit:
                found[prefix, unit] = None
                found["", f"{prefix}{unit}"] = None
    for prefix, unit in list(found)[:_MOST_DERIVED]:
        for ending in ("", "\n", "!", "\x00"):
            yield f"{prefix!r}{unit!r}...{ending!r}", _grown(prefix, unit, ending)


def _grown(prefix: str, unit: str, ending: str) -> Grown:
    return lambda size: f"{prefix}{(unit * (size // len(unit) + 1))[: size - len(prefix) - len(ending)]}{ending}"


def _repeats(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    """Every repetition of many, with a text that leads to it and one that it repeats."""
    for operator, argument in tree:
        if operator in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            _, most, body = argument
            if most > 3:
                yield before, _sample(body)
            yield from _repeats(body, before)
        elif operator is ops.SUBPATTERN:
            yield from _repeats(argument[-1], before)
        elif operator is ops.ATOMIC_GROUP:
            yield from _repeats(argument, before)
        elif operator in (ops.ASSERT, ops.ASSERT_NOT):
            yield from _repeats(argument[1], before)
        elif operator is ops.BRANCH:
            for branch in argument[1]:
                yield from _repeats(branch, before)
        before = (before + _sample([(operator, argument)]))[-_MOST_SAMPLE:]


def _sample(tree: Any) -> str:
    """A text that a pattern takes, roughly: what must not be there is not looked at."""
    return "".join(_sample_of(operator, argument) for operator, argument in tree)[:_MOST_SAMPLE]


def _sample_of(operator: Any, argument: Any) -> str:
    if operator is ops.LITERAL:
        return chr(argument)
    if operator is ops.NOT_LITERAL:
        return "x" if argument != ord("x") else "y"
    if operator is ops.ANY:
        return "x"
    if operator is ops.IN:
        return _one_of(argument)
    if operator is ops.BRANCH:
        return _sample(argument[1][0])
    if operator is ops.SUBPATTERN:
        return _sample(argument[-1])
    if operator is ops.ATOMIC_GROUP:
        return _sample(argument)
    if operator in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
        return _sample(argument[2]) * max(1, min(int(argument[0]), 3))
    return ""


def _one_of(items: Any) -> str:
    if items[0][0] is ops.NEGATE:
        refused = re.compile("[" + "".join(map(_written, items[1:])) + "]")
        return next((letter for letter in "x 1-\n.é" if not refused.match(letter)), "x")
    operator, argument = items[0]
    if operator is ops.LITERAL:
        return chr(argument)
    if operator is ops.RANGE:
        return chr(argument[0])
    return _OF_CATEGORY.get(argument, "x")


def _written(item: Any) -> str:
    operator, argument = item
    if operator is ops.LITERAL:
        return re.escape(chr(argument))
    if operator is ops.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    return _CLASSES.get(argument, "")


_OF_CATEGORY = {
    ops.CATEGORY_DIGIT: "1",
    ops.CATEGORY_NOT_DIGIT: "x",
    ops.CATEGORY_SPACE: " ",
    ops.CATEGORY_NOT_SPACE: "x",
    ops.CATEGORY_WORD: "x",
    ops.CATEGORY_NOT_WORD: " ",
}
_CLASSES = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_NOT_DIGIT: r"\D",
    ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_NOT_WORD: r"\W",
}
