"""Personal data of nobody, and whether a provider was shown any of it."""

import json
from collections.abc import Iterable

from tests.providers.loopback import RecordedRequest

EMAIL = "ann.miller@example.com"
OTHER_EMAIL = "ben@example.org"
PHONE = "+49 30 12345678"
CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"
ALL = (EMAIL, OTHER_EMAIL, PHONE, CARD, IBAN)


def shown(requests: Iterable[RecordedRequest]) -> set[str]:
    """Which of the values stand in what was sent, as bytes or behind an escape of JSON."""
    sent = [request.sent.decode() for request in requests]
    sent += [json.dumps(request.body, ensure_ascii=False) for request in requests]
    plain = ["".join(text.split()).lower() for text in sent]
    return {value for value in ALL if any("".join(value.split()).lower() in text for text in plain)}
