"""How likely it is that what was found answers the question, rather than only looks like it."""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Signals:
    """What a search says of itself. Leads are over the competition: an answer stands out, a near miss does not.

    `unknown_names` counts words written like names that no document holds, `agreement` is whether the best passage
    by meaning and the best by words are of one document."""

    cosine: float = 0.0
    cosine_lead: float = 0.0
    lexical_lead: float = 0.0
    agreement: float = 0.0
    unknown_names: float = 0.0

    def values(self) -> list[float]:
        """The signals in their fixed order."""
        return [getattr(self, field.name) for field in fields(self)]


# A logistic regression over questions with and without an answer: support forums, an encyclopedia, half of the samples.
_BIAS = -2.5
_WEIGHTS = Signals(cosine=2.5, cosine_lead=4.8, lexical_lead=3.3, agreement=0.25, unknown_names=-0.23)


def confidence(signals: Signals) -> float:
    """Between 0 and 1; the threshold below which an agent declines is a setting."""
    total = _BIAS + sum(weight * value for weight, value in zip(_WEIGHTS.values(), signals.values(), strict=True))
    return 1 / (1 + math.exp(-total))
