"""How likely it is that what was found answers the question, rather than only looks like it."""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Signals:
    """What a search says of itself. Leads are over the competition: an answer stands out, a near miss does not."""

    cosine: float = 0.0
    cosine_lead: float = 0.0
    cosine_of_lexical: float = 0.0
    lexical: float = 0.0
    lexical_lead: float = 0.0
    agreement: float = 0.0
    coverage: float = 0.0
    joint_coverage: float = 0.0
    heaviest_missing: float = 0.0

    def values(self) -> list[float]:
        """The signals in their fixed order."""
        return [getattr(self, field.name) for field in fields(self)]


_BIAS = -4.0
_WEIGHTS = Signals(cosine=6.0, cosine_lead=4.0, joint_coverage=3.0)


def confidence(signals: Signals) -> float:
    """A probability; the threshold below which an agent declines is a setting."""
    total = _BIAS + sum(weight * value for weight, value in zip(_WEIGHTS.values(), signals.values(), strict=True))
    return 1 / (1 + math.exp(-total))
