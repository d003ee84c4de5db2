"""The outcome that a confidence permits: to answer, to show what is nearest, or to say that nothing was found."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["answer", "hedge", "decline"]


@dataclass(frozen=True)
class OutcomeThresholds:
    """The confidence below which a question is declined, and from which it is answered without reservation."""

    decline: float
    answer: float = 0.0

    def outcome(self, confidence: float) -> Outcome:
        """Return what a confidence permits."""
        if confidence < self.decline:
            return "decline"
        return "answer" if confidence >= self.answer else "hedge"
