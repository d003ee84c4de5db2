"""Find personal data in text, in time proportional to its length, whatever the text holds."""

from enum import StrEnum
from typing import NamedTuple

from agents.privacy.accounts import bank_accounts, cards
from agents.privacy.emails import emails
from agents.privacy.phones import phones
from agents.privacy.spans import without


class PersonalData(StrEnum):
    """The kinds of personal data that are found. In capitals, they name the placeholders."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    BANK = "bank"


class DetectedData(NamedTuple):
    """A piece of personal data, by its place in the text."""

    start: int
    end: int
    kind: PersonalData


# Kinds that a checksum proves go first; a phone number is only ever a guess.
_DETECTORS = (
    (PersonalData.EMAIL, emails),
    (PersonalData.BANK, bank_accounts),
    (PersonalData.CARD, cards),
    (PersonalData.PHONE, phones),
)


def detect(text: str) -> list[DetectedData]:
    """Return all personal data of the text, in order; no two overlap."""
    found: list[DetectedData] = []
    for kind, spans_in in _DETECTORS:
        spans = list(spans_in(text))
        found += [DetectedData(start, end, kind) for start, end in spans]
        text = without(text, spans)
    return sorted(found)
