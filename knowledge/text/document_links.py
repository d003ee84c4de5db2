"""Links from one document to another, by the path of the other: `doc:billing/refunds.md#annual`.

A link is written so when a document is read, whether or not the other document exists. Who shows it looks that up.
"""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

SCHEME = "doc:"
_MAX_TARGET_CHARS = 1_000
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:|//|www\.")
_SITE_ROOT = re.compile(r"(?:@site|~|pathname:/{0,2})/")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_FORMATS = (".md", ".mdx", ".markdown", ".html", ".htm", ".txt", ".pdf", ".docx", ".rst", ".adoc")
# A path that ends in anything else with a dot may be a page all the same: /releases/v2.1
_NO_DOCUMENTS = (
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico", ".mp4", ".webm", ".mov", ".mp3", ".zip", ".gz", ".tar"),
    *(".css", ".js", ".ts", ".json", ".yaml", ".yml", ".exe", ".dmg", ".iso", ".xml"),
)
_INDEXES = frozenset(("index", "readme", "_index", "overview"))
_SEPARATOR = re.compile(r"/|--")


def link_target(href: str, path: str) -> str:
    """Return where a link of the document at a path leads: an address as it is, a document's path, or nowhere ("")."""
    href = href.strip()
    if len(href) > _MAX_TARGET_CHARS or href.startswith("#"):
        return ""
    if href.startswith(SCHEME):
        href = href.removeprefix(SCHEME)
    if found := _SITE_ROOT.match(href):
        href = f"/{href[found.end() :]}"
    if _ABSOLUTE.match(href):
        return href
    place, _, anchor = href.partition("#")
    place = unquote(place.partition("?")[0])
    if not place.strip("/. ") or place.lower().endswith(_NO_DOCUMENTS) or _UNSAFE.search(place):
        return ""
    root = "" if place.startswith("/") else posixpath.dirname(path)
    # Above the root there is nothing.
    reached = posixpath.normpath(posixpath.join("/", root, place))
    mark = "/" if place.startswith("/") else ""
    anchor = quote(unquote(anchor), safe="-._~") if not _UNSAFE.search(unquote(anchor)) else ""
    return f"{SCHEME}{mark}{quote(reached.lstrip('/'), safe='/-._~')}{'#' if anchor else ''}{anchor}"


def linked_path(target: str) -> str:
    """Return the path that a target names, without the anchor; empty if it names none."""
    if not target.startswith(SCHEME) or len(target) > 3 * _MAX_TARGET_CHARS:
        return ""
    path = unquote(target.removeprefix(SCHEME).partition("#")[0])
    return "" if _UNSAFE.search(path) else path


def page_names(path: str) -> tuple[str, ...]:
    """Return the names of the folders and the page that a path leads through, without suffix and index.

    Sites write `/billing/refunds` for `docs/billing/refunds.md` and for `docs/billing/refunds/index.md`; exports of a
    site put all in one folder, with `--` between the names.
    """
    lowered = path.lower().strip("/")
    stem = next((lowered.removesuffix(suffix) for suffix in _FORMATS if lowered.endswith(suffix)), lowered)
    names = [name for name in _SEPARATOR.split(stem) if name]
    while len(names) > 1 and names[-1] in _INDEXES:
        names.pop()
    return tuple(names)


def common_ending(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many of the last names two paths share."""
    return sum(1 for _ in _equal_endings(one, other))


def _equal_endings(one: tuple[str, ...], other: tuple[str, ...]) -> Iterator[str]:
    for name, same in zip(reversed(one), reversed(other), strict=False):
        if name != same:
            return
        yield name
