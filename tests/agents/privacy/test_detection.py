"""Personal data is found in many spellings, and little else is taken for it."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.privacy.calling_codes import is_possible_number
from agents.privacy.detection import DetectedData, PersonalData, detect_personal_data

_LIST = Path(__file__).parent / "labelled.txt"
_SIZE = 100_000


def labelled() -> Iterator[tuple[str, list[DetectedData]]]:
    """The texts of the list, and what is in them."""
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kinds, _, marked = line.partition("|")
        text, spans = "", []
        for index, part in enumerate(re.split("[«»]", marked.strip())):
            spans += [(len(text), len(text) + len(part))] if index % 2 else []
            text += part
        yield text, [DetectedData(*span, PersonalData(kind)) for span, kind in zip(spans, kinds.split(), strict=True)]


def test_precision_and_recall() -> None:
    lines = list(labelled())
    assert len(lines) >= 240
    right, missed, wrong = Counter[PersonalData](), Counter[PersonalData](), Counter[PersonalData]()
    for text, there in lines:
        found = set(detect_personal_data(text))
        right.update(each.kind for each in found & set(there))
        missed.update(each.kind for each in set(there) - found)
        wrong.update(each.kind for each in found - set(there))
    for kind in PersonalData:
        precision, recall = right[kind] / (right[kind] + wrong[kind]), right[kind] / (right[kind] + missed[kind])
        print(f"{kind}: {right[kind]} found, precision {precision:.3f}, recall {recall:.3f}")
        # Cards and accounts carry a checksum; of the others, some only a reader can tell.
        assert precision >= (1 if kind in (PersonalData.CARD, PersonalData.BANK, PersonalData.EMAIL) else 0.96)
        assert recall >= (1 if kind in (PersonalData.CARD, PersonalData.BANK) else 0.9)


def test_what_is_found_can_stand_in_json() -> None:
    """It is put back into the arguments of tool calls as it is."""
    for text, _ in labelled():
        for start, end, _kind in detect_personal_data(text):
            value = text[start:end]
            assert json.dumps(value, ensure_ascii=False) == f'"{value}"'


def test_a_number_of_every_country_is_told_from_one_of_none() -> None:
    assert is_possible_number("493012345678")
    assert is_possible_number("14155552671")
    assert not is_possible_number("1415555267")
    assert not is_possible_number("2101234567")
    assert not is_possible_number("0123456789")


# Where a search could be slow: digits, marks, addresses and numbers that are almost whole, over and over.
_HOSTILE = [
    "7", "@", "a", " ", "\n", "+", "00", "+1", "1 ", "1-", "1/", "(1)", ")(", "a@", "a@a.", "a@b-", "a.", "%40",
    "4111 ",
    "41111111", "0049 ", "+49 30 1234567 ", "1234567;", "DE89", "DE89 3704 ", "routing 021000021 ", "tel 030 1234567 ",
    "call 1234567x", "1.1.2024 ", "order: ", "'", "\u00a0", "٣", "[EMAIL_1] ", "030 / 12345678 - ",
]  # fmt: skip


@pytest.mark.parametrize("unit", _HOSTILE)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        began = time.process_time()
        detect_personal_data(text)
        return time.process_time() - began

    # The best of nine, for the machine may have other things to do; below a millisecond there is nothing to compare.
    short, long = (max(0.001, min(seconds(size) for _ in range(9))) for size in (_SIZE // 10, _SIZE))
    assert long / short <= 15
