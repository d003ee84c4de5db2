"""Undo disguises in a text: invisible or look-alike letters, digits for letters, encodings.

For comparing only, never for showing: much is lost on the way.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator

# Cyrillic and Greek letters that look like Latin ones.
_LOOK_ALIKES = str.maketrans("аеорсухівіѕјԁһαενοριτυκ", "aeopcyxibisjdhaevopituk")
_DIGITS_FOR_LETTERS = str.maketrans("013457@$", "oieastas")
_LATIN = re.compile(r"[a-z]")
_WORD = re.compile(r"\S+")
_EMPHASIS = re.compile(r"[*`~]+")
_HYPHENATED = re.compile(r"(?<=[a-z])-(?=[a-z])")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}){10,}\b")


def as_it_looks(text: str) -> str:
    """Normalize case and form, and drop emphasis and invisible characters. Scripts mixed in a word only deceive."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    seen = _EMPHASIS.sub("", "".join(letter for letter in folded if unicodedata.category(letter) != "Cf"))
    return seen if seen.isascii() else _within_words(_LOOK_ALIKES, seen)


class _Looks(dict[int, str]):
    """A cache of what each character looks like."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        plain = unicodedata.normalize("NFKC", letter).lower().translate(_LOOK_ALIKES)
        is_hidden = unicodedata.category(letter) == "Cf" or letter in "*`~"
        self[code] = UNSEEN if is_hidden else plain if len(plain) == 1 else letter
        return self[code]


UNSEEN = "\x00"
_LOOKS = _Looks()


def place_by_place(text: str) -> str:
    """Map each character to what it looks like, at its place; `UNSEEN` stands for invisible ones."""
    return text.translate(_LOOKS)


def possible_readings(text: str) -> Iterator[str]:
    """Yield the text in lower case as it looks, then as it may be meant, then what is encoded in it."""
    plain = as_it_looks(text)
    yield plain
    meant = _within_words(_DIGITS_FOR_LETTERS, _HYPHENATED.sub("", plain))
    if meant != plain:
        yield meant
    for decoded in _decoded_texts(text):
        yield as_it_looks(decoded)


def _within_words(table: dict[int, int], text: str) -> str:
    """Translate characters in words that hold Latin letters."""
    return _WORD.sub(lambda word: word[0].translate(table) if _LATIN.search(word[0]) else word[0], text)


def _decoded_texts(text: str) -> Iterator[str]:
    """Yield the text that base64 and hexadecimal digits stand for, where that is text."""
    for code in _BASE64.findall(text):
        padded = code.rstrip("=") + "=" * (-len(code.rstrip("=")) % 4)
        yield from _as_text(base64.urlsafe_b64decode, padded.replace("+", "-").replace("/", "_"))
    for code in _HEX.findall(text):
        yield from _as_text(bytes.fromhex, code)


def _as_text(decode: Callable[[str], bytes], code: str) -> Iterator[str]:
    try:
        text = decode(code).decode()
    except (binascii.Error, ValueError):
        return
    if text.isprintable():
        yield text
