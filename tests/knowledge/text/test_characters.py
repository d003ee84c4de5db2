"""What reorders a text, hides in it or controls a terminal is refused in names and left out of sentences."""

import pytest

from knowledge.text.characters import check_storable, checked_line, cleaned, cleaned_line, is_blank, storable
from knowledge.text.paths import checked_path

BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
UNSEEN = [
    "\u00ad",
    "\u034f",
    "\u17b4",
    "\ufff0",
    "\U0001d173",
    "\u180e",
    "\u200b",
    "\u2060",
    "\u2064",
    "\ufeff",
    "\ufff9",
    "\U000e0041",
]
CONTROLS = ["\x00", "\x07", "\x1b", "\x7f", "\x9b"]
FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WANTED = {
    "Persian": "می\u200cخواهم",
    "Hindi": "क्\u200dष",
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "rainbow": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "England": FLAG,
    "keycap": "1\ufe0f\u20e3",
    "heart": "\u2764\ufe0f",
    "Japanese name": "葛\U000e0100飾",
    "accents": "Zu\u0308rich, Łódź, 東京",
}


@pytest.mark.parametrize("character", [*BIDI, *UNSEEN, *CONTROLS])
def test_what_is_not_seen_is_left_out_of_sentences_and_refused_in_names(character: str) -> None:
    text = f"pay{character}pal"
    assert cleaned(text) == "paypal"
    assert cleaned_line(text) == "paypal"
    with pytest.raises(ValueError, match=rf"U\+{ord(character):04X} .* at character 4"):
        checked_line(text)


@pytest.mark.parametrize(
    "character",
    [
        *("\n", "\t", "\r", "\u2028", "\x85", "\u200e", "\u061c", "\u3164", "\u200d", "\u200c"),
        *("\ufe0f", "\U000e0100", "\u180b"),
    ],
)
def test_what_sentences_may_hold_names_may_not(character: str) -> None:
    text = f"pay{character}pal"
    assert cleaned(text) == text
    assert cleaned_line(text) in ("pay pal", "paypal")
    with pytest.raises(ValueError, match=rf"U\+{ord(character):04X}"):
        checked_line(text)


@pytest.mark.parametrize("text", WANTED.values(), ids=WANTED)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert cleaned(text) == cleaned_line(text) == checked_line(text) == text


def test_spaces_that_tell_where_a_word_ends_stay() -> None:
    assert cleaned("ภาษา\u200bไทย") == "ภาษา\u200bไทย"


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200b\u202c\u2060", "\u200d\ufe0f", "\u3164\u2800", "\u200e \u200f", "\x07"]
)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", [".", "?", "\u200bx", *WANTED.values()])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize("path", ["a/b.md", "x" * 255, "/".join(["x" * 249] * 4), "Ünïcode/文書.md"])
def test_a_path_may_be_long_and_of_any_script(path: str) -> None:
    assert checked_path(path) == path


@pytest.mark.parametrize("path", ["x" * 256, "a/" * 500 + "b.md", "x" * 60_000, "a\u202eb.md", "a\u200b.md", "a\tb.md"])
def test_a_path_has_limits(path: str) -> None:
    with pytest.raises(ValueError, match="must not"):
        checked_path(path)


@pytest.mark.parametrize(
    ("text", "stored"), [("a\x00b", "ab"), ("\ud83d", "?"), ("a\udc00\x00", "a?"), ("é\U0001f600", None)]
)
def test_what_no_database_takes_is_left_out(text: str, stored: str | None) -> None:
    assert storable(text) == (text if stored is None else stored)
    if stored is None:
        check_storable(text)
    else:
        with pytest.raises(ValueError, match="half of a character"):
            check_storable(text)
