"""Placeholders become values again, wherever the pieces are cut and however a model writes them."""

import random

import pytest

from agents.privacy.detection import PersonalData
from agents.privacy.placeholders import Placeholder
from agents.privacy.restoring import Restorer

VALUES = {
    Placeholder(PersonalData.EMAIL, 1): "ann@example.com",
    Placeholder(PersonalData.EMAIL, 12): "ben@example.com",
    Placeholder(PersonalData.PHONE, 1): "+49 30 12345678",
    Placeholder(PersonalData.CARD, 1): "4111 1111 1111 1111",
    Placeholder(PersonalData.BANK, 3): "DE89 3704 0044 0532 0130 00",
}
# What a model writes, and what its reader sees.
TEXTS = {
    "Write to [EMAIL_1].": "Write to ann@example.com.",
    "[EMAIL_1]": "ann@example.com",
    "[EMAIL_12] or [EMAIL_1]": "ben@example.com or ann@example.com",
    "[EMAIL_1][PHONE_1]": "ann@example.com+49 30 12345678",
    "Call [phone_1] now": "Call +49 30 12345678 now",
    "[ Email_1 ]": "ann@example.com",
    "[EMAIL 1]": "ann@example.com",
    "[EMAIL-1]": "ann@example.com",
    "[EMAIL1]": "ann@example.com",
    "[EMAIL _ 1]": "ann@example.com",
    r"\[EMAIL\_1\]": "ann@example.com",
    r"\\[EMAIL\\_1\\]": "ann@example.com",
    "{EMAIL_1}": "ann@example.com",
    "【EMAIL_1】": "ann@example.com",
    "<EMAIL_1>": "<ann@example.com>",
    "(EMAIL_1)": "(ann@example.com)",
    "EMAIL_1": "ann@example.com",
    "EMAIL_1, EMAIL_12": "ann@example.com, ben@example.com",
    "[EMAIL_1, PHONE_1]": "[ann@example.com, +49 30 12345678]",
    "**EMAIL_1**": "**ann@example.com**",
    "_EMAIL_1_": "_ann@example.com_",
    "`[CARD_1]`": "`4111 1111 1111 1111`",
    "[write to [EMAIL_1]](mailto:[EMAIL_1])": "[write to ann@example.com](mailto:ann@example.com)",
    '{"query": "who is [EMAIL_1]?"}': '{"query": "who is ann@example.com?"}',
    '{"query": "\\\\[EMAIL_1]"}': '{"query": "ann@example.com"}',
    "IBAN [BANK_3] [2]": "IBAN DE89 3704 0044 0532 0130 00 [2]",
    # What only looks like one.
    "[EMAIL_2] is nobody's": "[EMAIL_2] is nobody's",
    "[EMAIL_1234567]": "[EMAIL_1234567]",
    "Email 1 was sent": "Email 1 was sent",
    "[EMAILS_1]": "[EMAILS_1]",
    "[EMA\u0130L_1] [EMAIL_\u0661]": "[EMA\u0130L_1] [EMAIL_\u0661]",
    "MY_EMAIL_1x and XEMAIL_1 and MY_EMAIL_1": "MY_EMAIL_1x and XEMAIL_1 and MY_EMAIL_1",
    "[EMAIL_] and [EMAIL]": "[EMAIL_] and [EMAIL]",
    "[1] [E] [EM [[": "[1] [E] [EM [[",
    "a phone, a card, e": "a phone, a card, e",
    "": "",
    # An end that cuts one off.
    "Write to [EMAIL_12": "Write to ben@example.com",
    "Write to [PHONE_1 ": "Write to +49 30 12345678",
    # It may have been that of somebody else.
    "Write to [EMAIL_1": "Write to [EMAIL_1",
    "Write to [EMAIL_": "Write to [EMAIL_",
    "Write to [EMA": "Write to [EMA",
    "Write to \\": "Write to \\",
}


def restored(*pieces: str) -> str:
    restorer = Restorer(VALUES)
    return "".join([*map(restorer.restore_text, pieces), restorer.take_rest()])


@pytest.mark.parametrize("text", TEXTS)
def test_every_cut_gives_the_same(text: str) -> None:
    assert restored(text) == TEXTS[text]
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            assert restored(text[:first], text[first:second], text[second:]) == TEXTS[text]
    assert restored(*text) == TEXTS[text]


def test_any_text_cut_anywhere() -> None:
    """Whatever pieces a model puts together, the way they are cut does not matter."""
    drawn = random.Random(27)
    parts = [*TEXTS, *"[](){}<>\\_ -19x", "EMAIL", "email_", "[PHONE", "_1", "_1]", "CARD_1", "\n", "é"]
    for _ in range(500):
        text = "".join(drawn.choices(parts, k=drawn.randint(1, 12)))
        cuts = sorted(drawn.choices(range(len(text) + 1), k=drawn.randint(0, 20)))
        pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert restored(*pieces) == restored(text), text


def test_no_more_is_held_back_than_may_be_a_placeholder() -> None:
    restorer = Restorer(VALUES)
    assert restorer.restore_text("Write to [EMAIL_1") == "Write to "
    assert restorer.restore_text("]") == "ann@example.com"
    assert restorer.restore_text(" or [see") == " or [see"
    assert restorer.restore_text(" [EMAIL_" + " " * 40) == " [EMAIL_" + " " * 40
    assert restorer.take_rest() == ""


def test_a_hostile_model_takes_linear_time() -> None:
    """Held back is at most what a placeholder can be long."""
    restorer = Restorer(VALUES)
    for piece in ["["] * 20_000 + ["\\"] * 20_000 + ["[EMAIL_"] * 5_000 + ["1"] * 20_000:
        restorer.restore_text(piece)
        assert len(restorer._held) <= 33
