"""The characters that a text may hold: all that scripts need, but none that reorder it, hide or control a terminal.

A name (a title, a path, anything that users tell apart by its look) with a forbidden character is refused, because two
names could look the same. From running text such characters are stripped: a browser may have put them there.
"""

import re
import unicodedata

# All control characters except tabs and line ends.
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
# Bidirectional embeddings, overrides and isolates, which display a text in another order than it is written.
_REORDERING = "\u202a-\u202e\u2066-\u2069"
# Invisible characters: soft hyphen, Mongolian vowel separator, word joiner, byte order mark, invisible operators,
# deprecated format characters, annotations, and the tag characters, a copy of ASCII that can hide whole texts.
_UNSEEN = (
    "\u00ad\u034f\u17b4\u17b5\u180e\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
# Scripts without spaces use it to mark the end of a word.
_ZERO_WIDTH_SPACE = "\u200b"
_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff"
# Marks that right-to-left languages need beside digits and Latin words.
_MARKS = "\u061c\u200e\u200f"
_JOINERS = "\u200c\u200d"
# Letters by category that display as blank.
_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Variation selectors choose the look of an emoji, a keycap digit, or a Chinese or Mongolian character; after anything
# else they are invisible.
_STRAY = (
    "(?<![#*0-9\u00a9\u00ae\u2000-\u33ff\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0003ffff])[\ufe00-\ufe0f]"
    "|(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
    "|(?<![\u1800-\u18af])[\u180b-\u180d\u180f]"
)

# The flags of England, Scotland and Wales are written with tag characters.
_FLAG = "(\U0001f3f4[\U000e0061-\U000e007a]{3,6}\U000e007f)"
_STRIPPED = re.compile(f"{_FLAG}|[{_CONTROLS}{_REORDERING}{_UNSEEN}]|(?<![{_UNSPACED}]){_ZERO_WIDTH_SPACE}")
_ENDS_OF_LINES = "\t\n\r\x85\u2028\u2029"
_REFUSED = f"{_CONTROLS}{_REORDERING}{_UNSEEN}{_ZERO_WIDTH_SPACE}{_MARKS}{_FILLERS}\ud800-\udfff"
# Joiners belong between letters of scripts that join, and between the parts of an emoji.
_MISPLACED = f"(?<![\u0300-\u1fff\u2190-\U0003ffff])[{_JOINERS}]|[{_JOINERS}](?![\u0300-\u1fff\u2190-\U0003ffff])"
_REFUSED_IN_LINE = re.compile(f"{_FLAG}|[{_REFUSED}{_ENDS_OF_LINES}]|{_MISPLACED}|{_STRAY}")
_BLANK = re.compile(
    rf"[\s{_CONTROLS}{_REORDERING}{_UNSEEN}{_ZERO_WIDTH_SPACE}{_MARKS}{_JOINERS}{_FILLERS}{_SELECTORS}]*"
)
_NOT_NAMED = re.compile(f"[{_MARKS}{_FILLERS}{_ZERO_WIDTH_SPACE}{_ENDS_OF_LINES}]|{_MISPLACED}|{_STRAY}")


def storable(text: str) -> str:
    """Replace lone surrogates and remove NULs: no database but SQLite takes both, and JSON takes no surrogate."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def check_storable(text: str) -> None:
    """Raise `ValueError` if a name holds a NUL or a lone surrogate, as a file's name on disk may."""
    if storable(text) != text:
        raise ValueError("must not hold a NUL or a half of a character")


def cleaned(text: str) -> str:
    """Strip characters that reorder a text, are invisible or control a terminal; keep joiners of scripts and emoji."""
    return text if text.isascii() and text.isprintable() else _STRIPPED.sub(lambda found: found[1] or "", text)


def cleaned_line(text: str) -> str:
    """Make a title that no user can correct fit for `checked_line`: one line, without refused characters."""
    return _NOT_NAMED.sub("", cleaned(" ".join(text.split())))


def is_blank(text: str) -> bool:
    """Return True if a text has no visible character."""
    return _BLANK.fullmatch(text) is not None


def checked_line(text: str) -> str:
    """Return a name of one line unchanged, or raise `ValueError` with the first character that it must not hold."""
    found = next((found for found in _REFUSED_IN_LINE.finditer(text) if not found[1]), None)
    if found:
        code = f"U+{ord(found[0]):04X}"
        name = unicodedata.name(found[0], "a control character").lower()
        raise ValueError(f"must not hold {code} ({name}) at character {found.start() + 1}; leave it out")
    return text
