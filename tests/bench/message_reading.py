"""How well messages are read: what they want, and whether they complain, on labelled ones.

`python -m tests.bench.message_reading` prints the figures. The words of English were chosen on `tuning`; `held_out` was
written afterwards and never looked into.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from agents.conversation.message_reading import MessageReading, read_message
from knowledge.text import words
from tests.serving import ROOT

SETS = ("tuning", "held_out", "languages")
# Replies to small talk, which the labels do not tell apart.
_SMALL_TALK = {"identity", "abilities", "wellbeing", "greeting"}


@dataclass(frozen=True)
class LabelledReading:
    """A labelled message, and how it is read."""

    label: dict[str, Any]
    reading: MessageReading

    @property
    def is_right(self) -> bool:
        if self.label["act"] == "small_talk":
            return self.reading.act in _SMALL_TALK
        return bool(self.reading.act == self.label["act"])

    @property
    def is_swallowed(self) -> bool:
        """A question that the desk would not answer."""
        return self.label["act"] == "question" and not self.reading.wants_answer

    @property
    def has_right_tone(self) -> bool:
        return bool(self.reading.complaint == self.label.get("complaint", False))


@cache
def read_set(name: str) -> list[LabelledReading]:
    """Read every message of a set, over the words of the sample documents."""
    documents = (ROOT / "knowledge/samples").rglob("*.md")
    known = {stem for path in documents for stem in words.stems(path.read_text(encoding="utf-8"))}
    lines = (ROOT / f"tests/data/conversation/{name}.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines]
    return [
        LabelledReading(
            label,
            read_message(label["message"], label.get("earlier", ()), is_known=lambda word: words.stem(word) in known),
        )
        for label in labels
    ]


def share(values: list[bool]) -> float:
    """The share of true values."""
    return sum(values) / len(values)


def main() -> None:
    """Print the figures of each set."""
    for name in SETS:
        read = read_set(name)
        swallowed = sum(one.is_swallowed for one in read)
        right, tone = share([one.is_right for one in read]), share([one.has_right_tone for one in read])
        print(f"{name}: {len(read)} messages, {right:.1%} read right, {swallowed} questions swallowed, tone {tone:.1%}")


if __name__ == "__main__":
    main()
