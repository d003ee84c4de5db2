"""What a text says to whoever sees through disguises: invisible or look-alike letters, digits for letters, codes.

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
    """In one case and form, without emphasis and what is invisible. Scripts are mixed within a word only to deceive."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    seen = _EMPHASIS.sub("", "".join(letter for letter in folded if unicodedata.category(letter) != "Cf"))
    return seen if seen.isascii() else _within_words(_LOOK_ALIKES, seen)


def readings(text: str) -> Iterator[str]:
    """The text in lower case as it looks, then as it may be meant, then what is encoded in it."""
    plain = as_it_looks(text)
    yield plain
    meant = _within_words(_DIGITS_FOR_LETTERS, _HYPHENATED.sub("", plain))
    if meant != plain:
        yield meant
    for decoded in _decoded(text):
        yield as_it_looks(decoded)


def _within_words(table: dict[int, int], text: str) -> str:
    """Translated where Latin letters stand in the same word."""
    return _WORD.sub(lambda word: word[0].translate(table) if _LATIN.search(word[0]) else word[0], text)


def _decoded(text: str) -> Iterator[str]:
    """What base64 and hexadecimal digits stand for, where that is text."""
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
