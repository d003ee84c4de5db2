"""Find card and bank account numbers. All of them carry a check digit, so few other numbers pass."""

import re
from collections.abc import Iterator

_GAP = "[ \u00a0\u2009\u202f.-]"

_CARD_RUN = re.compile(rf"(?<!\w)(?<!\d{{4}}[ -])[2-6]\d{{3}}(?:{_GAP}?\d){{8,15}}")
# The prefixes of cards, and their possible numbers of digits.
_BRANDS = (
    (re.compile(r"4"), (19, 16)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"30[0-5]|36|3[89]"), (19, 16, 14)),
    (re.compile(r"35(?:2[89]|[3-8])"), (19, 16)),
    (re.compile(r"6011|64[4-9]|65|62|81"), (19, 18, 17, 16)),
    (re.compile(r"50|5[6-8]|6"), (19, 18, 17, 16, 15, 14, 13, 12)),
)

_IBAN_BEGINNING = re.compile(rf"(?<![^\W_])([A-Za-z]{{2}}){_GAP}?\d{{2}}")
_IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24
    FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32
    LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24
    RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
    """.split()
}
_IBAN_BODIES = {
    length: re.compile(rf"[A-Za-z]{{2}}(?:{_GAP}?[A-Za-z0-9]){{{length - 2}}}(?![A-Za-z0-9])")
    for length in set(_IBAN_LENGTHS.values())
}

# About one in ten numbers of nine digits passes this checksum, so a word in front must say that it is one.
_ROUTING_WORD = re.compile(r"\b(?:routing|aba|rtn|transit)\b", re.IGNORECASE)
_ROUTING = re.compile(r"(?<![\w-])(?:0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{2}[ -]?\d{4}[ -]?\d(?![\w-])")
_ROUTING_NEAR = 40


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of all card numbers, from left to right."""
    after = 0
    while run := _CARD_RUN.search(text, after):
        places = [place for place in range(run.start(), run.end()) if text[place].isdecimal()]
        digits = "".join(text[place] for place in places)
        ends = (places[length - 1] + 1 for length in _card_lengths(digits) if length <= len(places))
        end = next(
            (end for end in ends if not text[end : end + 1].isalnum() and _passes_luhn(text[run.start() : end])), None
        )
        after = end or run.start() + 1
        if end:
            yield run.start(), end


def find_bank_accounts(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of all IBANs and of numbers called routing numbers, from left to right."""
    yield from sorted([*_find_ibans(text), *_find_routing_numbers(text)])


def _find_ibans(text: str) -> Iterator[tuple[int, int]]:
    after = 0
    for beginning in _IBAN_BEGINNING.finditer(text):
        length = _IBAN_LENGTHS.get(beginning[1].upper())
        if length is None or beginning.start() < after:
            continue
        whole = _IBAN_BODIES[length].match(text, beginning.start())
        if whole and _passes_mod_97(whole[0]):
            after = whole.end()
            yield whole.span()


def _find_routing_numbers(text: str) -> Iterator[tuple[int, int]]:
    if not _ROUTING_WORD.search(text):
        return
    for number in _ROUTING.finditer(text):
        before = text[max(0, number.start() - _ROUTING_NEAR) : number.start()]
        if _passes_aba(number[0]) and _ROUTING_WORD.search(before):
            yield number.span()


def _card_lengths(digits: str) -> tuple[int, ...]:
    return next((lengths for pattern, lengths in _BRANDS if pattern.match(digits)), ())


def _passes_luhn(number: str) -> bool:
    digits = [int(character) for character in reversed(number) if character.isdecimal()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _passes_mod_97(iban: str) -> bool:
    plain = "".join(character for character in iban if character.isalnum())
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def _passes_aba(number: str) -> bool:
    digits = [int(character) for character in number if character.isdecimal()]
    return sum(digit * weight for digit, weight in zip(digits, (3, 7, 1) * 3, strict=True)) % 10 == 0
