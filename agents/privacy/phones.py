"""Find phone numbers: international ones, and national forms that can hardly be anything else.

A number that could as well be an order number, a date or a price counts only behind a word that calls it a phone
number.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from agents.privacy.calling_codes import is_possible_number
from agents.privacy.spans import Span, blank_out

_GAP = "[ \u00a0\u2009\u202f./\u2010-\u2013-]"
_DIGITS = re.compile(r"\d+")
_LEAST_DIGITS, _MOST_DIGITS = 7, 15

_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?:\+{_GAP}?|(?<!\d[ .-])00{_GAP}?(?=[1-9]))\(?[1-9](?:[()]?{_GAP}{{0,2}}[()]?\d){{6,16}}"
)
_TRUNK_PREFIX = re.compile(r"\(0\)")
# `+52.520008` is a place on the globe, `+49.3012345678` a number as domains are registered with.
_DECIMAL = re.compile(r"\+\d{1,3}\.\d{1,8}")

# Not within words, numbers, links and amounts, but `Tel.030 1234567` is one.
_NATIONAL = re.compile(rf"(?<![\w/#=$€£¥+])(?<![^\W\d_]-)(?<!\d[.,:-])\(?\d+(?:\)?{_GAP}{{1,3}}\(?\d+|\)\d+|\(\d+)*")
_DATE = re.compile(
    r"(?<![\d./-])(?:[0-3]?\d([./-])[0-3]?\d\1(?:19|20)?\d\d|(?:19|20)\d\d([./-])[01]?\d\2[0-3]?\d)(?![./-]?\d)"
)
_CLOCK = re.compile(r":\d")
_AMOUNT = re.compile(r"\s?(?:[€$£¥%°]|(?:eur|usd|gbp|chf|kg|km|mb|gb|ms)\b)", re.IGNORECASE)
_ADDRESS_OF_MACHINE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
# Each is matched with single spaces between the groups of digits.
_SHAPES = re.compile(
    r"""(?:1\ )?[2-9]\d\d\ [2-9]\d\d\ \d{4}            # North America
    | [78]\ \d{3}\ \d{3}\ \d\d\ \d\d                   # Russia
    | 1[3-9]\d\ \d{4}\ \d{4}                           # China, mobile
    | 1[38]00\ \d{3}\ \d{3}                            # Australia, shared cost
    | (?=(?:\ ?\d){9,12}$)0[1-9]\d{0,4}(?:\ \d{2,8}){1,5}  # wherever a number begins with 0 within its country
    | 07[1-9]\d{8}|0[67]\d{8}|01[567]\d{8,9}|04\d{8}   # mobile in one piece: Britain, France, Germany, Australia
    """,
    re.VERBOSE,
)
_SHAPES_IN_MARKS = re.compile(r"(?:1\ )?[2-9]\d\d\ \d{3}\ ?\d{4}")
_SHAPES_IN_BRACKETS = re.compile(r"\d\d\ 9?\d{4}\ \d{4}|[2-9]\d\d\ \d{7}")
_YEAR = re.compile(r"(?:19|20)\d\d")

# The number of characters in front of a number that these words are looked for in.
_NEAR = 32
_PHONE_WORD = re.compile(
    r"""(?<![^\W_])(?:(?:tele)?phones?(?:number)?|tel|telefon\w*|t[ée]l[ée]phone|tel[ée]fono|mobil\w*|m[óo]vil|cell(?:phone|ular)?|celular|
    fax|whatsapp|sms|call(?:s|ed|ing)?|dial|ring|rang|hotline|helpline|landline|handy\w*|rufnummer|portable|
    contact\ number|reach\ (?:me|us|him|her|them))(?![^\W_])[^\d\n]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_OTHER_WORD = re.compile(
    r"""(?<![^\W_])(?:orders?|invoices?|tickets?|cases?|ref(?:erence)?s?|tracking|parcel|shipment|serial|sku|articles?|items?|
    parts?|products?|customers?|clients?|accounts?|contracts?|versions?|builds?|releases?|errors?|codes?|ids?|isbn|issn|
    ean|upc|gtin|imei|doi|rfc|model|batch|lot|vat|tax|ssn|zip|commit|hash|bestell\w*|auftrags?\w*|rechnungs?\w*|
    kunden\w*|artikel\w*|vorgangs?\w*|serien\w*|commande|facture|pedido|factura|ordine|fattura)
    (?:[\s:.\#"'(\[_-]|n[or°]\b|num(?:ber)?s?\b|ids?\b|is\b|code\b|reference\b)*$""",
    re.IGNORECASE | re.VERBOSE,
)


def find_phones(text: str) -> Iterator[Span]:
    """Yield the spans of all phone numbers, from left to right."""
    abroad = list(_find_international(text))
    rest = blank_out(text, abroad)
    rest = blank_out(rest, (date.span() for date in _DATE.finditer(rest)))
    yield from sorted([*abroad, *_find_national(rest)])


def _find_international(text: str) -> Iterator[Span]:
    for number in _INTERNATIONAL.finditer(text):
        if number[0].startswith("0") and _means_another_number(text, number.start()):
            continue
        ends = [group.end() for group in _DIGITS.finditer(text, number.start(), number.end())]
        end = next((end for end in reversed(ends) if _can_be_called(text, number.start(), end)), None)
        if end:
            yield number.start(), end


def _can_be_called(text: str, start: int, end: int) -> bool:
    """Return True if an international number may end here."""
    number = text[start:end]
    if text[end : end + 1].isdecimal() or _CLOCK.match(text, end) or _DECIMAL.fullmatch(number):
        return False
    digits = "".join(_DIGITS.findall(_TRUNK_PREFIX.sub("", number)))
    digits = digits.removeprefix("00") if number.startswith("0") else digits
    return bool(digits) and is_possible_number(digits)


def _find_national(text: str) -> Iterator[Span]:
    for run in _NATIONAL.finditer(text):
        groups = [group.span() for group in _DIGITS.finditer(text, run.start(), run.end())]
        if _CLOCK.match(text, run.end()):
            groups.pop()
        for way in _ways_to_part(text, groups):
            spans = [_with_bracket(text, part) for part in way if part]
            if found := [span for span in spans if _is_phone(text, *span)]:
                yield from found
                break


def _ways_to_part(text: str, groups: list[Span]) -> Iterator[list[list[Span]]]:
    """Yield the groups of digits as one number, then as several split at wide gaps, then split at spaces."""
    gaps = [text[left[1] : right[0]] for left, right in pairwise(groups)]
    yield [groups]
    for ends in ([len(gap) > 2 for gap in gaps], [" " in gap for gap in gaps]):
        if any(ends) and not all(ends):
            parts: list[list[Span]] = [[groups[0]]]
            for group, begins in zip(groups[1:], ends, strict=True):
                if begins:
                    parts.append([])
                parts[-1].append(group)
            yield parts


def _with_bracket(text: str, groups: list[Span]) -> Span:
    """Return the span of a number, with the bracket in front if that closes within it."""
    start, end = groups[0][0], groups[-1][1]
    return (start - 1 if text[start - 1 : start] == "(" and ")" in text[start:end] else start), end


def _is_phone(text: str, start: int, end: int) -> bool:
    number = text[start:end]
    groups = _DIGITS.findall(number)
    if not _LEAST_DIGITS <= sum(map(len, groups)) <= _MOST_DIGITS or _ADDRESS_OF_MACHINE.fullmatch(number):
        return False
    if _AMOUNT.match(text, end) or _means_another_number(text, start):
        return False
    return bool(_PHONE_WORD.search(text[max(0, start - _NEAR) : start])) or _has_shape(number, groups)


def _has_shape(number: str, groups: list[str]) -> bool:
    """Return True if a number looks like a phone number and like nothing else."""
    if (len(groups) == 2 and "." in number) or (len(groups[0]) < 3 and any(map(_YEAR.fullmatch, groups))):
        return False
    spaced = " ".join(groups)
    shapes = [_SHAPES]
    if any(mark in number for mark in "-.()\u2010\u2011\u2012\u2013"):
        shapes.append(_SHAPES_IN_MARKS)
    if number.startswith("("):
        shapes.append(_SHAPES_IN_BRACKETS)
    return any(shape.fullmatch(spaced) for shape in shapes)


def _means_another_number(text: str, start: int) -> bool:
    return bool(_OTHER_WORD.search(text[max(0, start - _NEAR) : start]))
