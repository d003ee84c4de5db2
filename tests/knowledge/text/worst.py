"""The worst messages and documents that are known: each was slow, or looks as if it could be."""

import random
import string


def filled(unit: str, size: int) -> str:
    """One thing over and over."""
    return (unit * (size // len(unit) + 1))[:size]


def messages(size: int) -> dict[str, str]:
    """Messages of so many characters, by what is in them."""
    chance = random.Random(5)
    words = [("".join(chance.choices(string.ascii_lowercase, k=6))) for _ in range(size // 7 + 1)]
    return {
        "sentences, then names": filled(". ", size // 2) + "x " + filled("Bq ", size // 2 - 2),
        "names": filled("Bq ", size),
        "ends of sentences": filled(". x Bq ", size),
        "white space": "x" + " " * (size - 2) + "y",
        "different words": " ".join(words)[:size],
        "different names": " ".join(words).title()[:size],
        "short words": filled(" ".join(a + b for a in string.ascii_lowercase for b in string.ascii_lowercase), size),
        "one word": "y" * size,
        "numbers": filled(" ".join(map(str, range(3_000))), size),
        "accents": filled("ế ", size),
        "joined words": filled("a'b.c’d ", size),
        "pointers": filled("what about it, and ", size),
        "wishes": filled("want  ", size),
        "questions": filled("how do I pay and why, ", size),
        "quotes": filled('"', size),
        "emoji": filled("\U0001f600\u200d", size),
    }


DOCUMENT_UNITS = {
    "white space": " ",
    "empty lines": "\n",
    "marks": ". ",
    "abbreviations": "Dr. ",
    "headings": "# a\n",
    "quotes": "> ",
    "bars": "|a",
    "rows": "| a | b |\n",
    "items": "- a\n",
    "fences": "```\n",
    "stars": "* ",
    "underscores": "_a",
    "links": "[a](",
    "numbers of sources": "[1]",
    "one sentence": "You must pay the fee. ",
}


def documents(size: int) -> dict[str, str]:
    """Documents of so many characters; a last letter does not fit what comes before it."""
    return {name: filled(unit, size - 1) + "x" for name, unit in DOCUMENT_UNITS.items()}
