"""Find e-mail addresses."""

import re
from collections.abc import Iterator

# Also as links have it: `?to=ann%40example.com`. An address has a word on both sides.
_AT = re.compile(r"(?<=[\w.+%&'~-])(?:[@\uff20]|%40)(?=\w)")
# Chinese, Japanese and Korean put no space in front of an address.
_LOCAL_BACKWARDS = re.compile(r"(?:[^\W\u2e80-\u9fff\uac00-\ud7af]|[.+%&'~-]){1,64}")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?P<last>[^\W\d_]{2,24}|xn--[a-z0-9-]{1,59})(?![^\W_])", re.IGNORECASE
)
_LONGEST_LOCAL = 64
_LONGEST_DOMAIN = 255
# `lodash@4.17.21-beta.rc` names a package, `logo@2x.png` a file.
_VERSION = re.compile(r"v?\d+\.\d+\.")
_FILES = frozenset("png jpg jpeg gif webp svg ico bmp css js mjs json html xml pdf".split())


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of all e-mail addresses, from left to right."""
    after = 0
    for at in _AT.finditer(text):
        first = max(after, at.start() - _LONGEST_LOCAL)
        local = _LOCAL_BACKWARDS.match(text[first : at.start()][::-1])
        domain = _DOMAIN.match(text, at.end(), at.end() + _LONGEST_DOMAIN)
        if not local or not domain or domain["last"].lower() in _FILES or _VERSION.match(domain[0]):
            continue
        # Marks in front belong to the sentence: quotes, or Markdown.
        name = local[0][::-1].lstrip("._+%&'~-")
        if name:
            after = domain.end()
            yield at.start() - len(name), after
