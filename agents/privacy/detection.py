"""Find personal data in text, in time proportional to its length, whatever the text holds."""

from enum import StrEnum
from typing import NamedTuple

from agents.privacy.accounts import find_bank_accounts, find_cards
from agents.privacy.emails import find_emails
from agents.privacy.phones import find_phones
from agents.privacy.spans import blank_out


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
    (PersonalData.EMAIL, find_emails),
    (PersonalData.BANK, find_bank_accounts),
    (PersonalData.CARD, find_cards),
    (PersonalData.PHONE, find_phones),
)


def detect_personal_data(text: str) -> list[DetectedData]:
    """Return all personal data of the text, in order; no two overlap."""
    found: list[DetectedData] = []
    for kind, spans_in in _DETECTORS:
        spans = list(spans_in(text))
        found += [DetectedData(start, end, kind) for start, end in spans]
        text = blank_out(text, spans)
    return sorted(found)
