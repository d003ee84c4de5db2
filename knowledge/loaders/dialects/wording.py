"""The words of a name in a program, and whether the description of a picture reads as a sentence."""

import re

_BETWEEN_WORDS = re.compile(r"[_\W]+|(?<=[a-z])(?=[A-Z])")
_OF_A_PICTURE = re.compile(
    r"(?:an? |the |this )?(?:\w{1,20} )?(?:screenshot|screen shot|screen capture|image|picture|photo|"
    r"diagram|figure|logo|icon|illustration|animation|gif|video|banner|badge)\b",
    re.IGNORECASE,
)
_LEAST_WORDS = 4
_MOST_NAME_WORDS = 4


def as_words(name: str) -> str:
    """Write a name as words: `sign_in.contactSupport` becomes `contact support`."""
    return " ".join(filter(None, _BETWEEN_WORDS.split(name.rpartition(".")[2]))).lower()


def is_sentence(alt: str) -> bool:
    """Return True for a text that says something, and not only what is in the picture."""
    alt = alt.strip()
    ends = alt.endswith((".", "!", "?")) and not alt.endswith("...")
    return ends and len(alt.split()) >= _LEAST_WORDS and not _OF_A_PICTURE.match(alt)


def is_short_name(alt: str) -> bool:
    """Return True for the name of a button or a sign, which a sentence cannot do without."""
    return 0 < len(alt.split()) <= _MOST_NAME_WORDS and "." not in alt and "/" not in alt
