"""Pictures, footnotes and links: pictures go, references are resolved, links between documents name the document."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from knowledge.loaders.dialects.wording import is_sentence, is_short_name
from knowledge.text.document_links import link_target

_TITLE = r"(?:[ \t]{1,9}(?:\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)))?"
_ADDRESS = r"(?:<(?P<angled>[^<>\n]{0,1000})>|(?P<plain>[^\s()<>]{1,1000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200})?))"
_TARGET = rf"[ \t]{{0,9}}{_ADDRESS}?{_TITLE}[ \t]{{0,9}}"
_TEXT = r"(?P<text>(?:[^\[\]\\]|\\.){0,1000}+)"
_IMAGE = re.compile(rf"!\[{_TEXT}\](?:\({_TARGET}\)|\[[^\[\]\n]{{0,200}}\])(?:\{{[^{{}}\n]{{0,200}}\}})?")
_LINK = re.compile(rf"(?<![\\!])\[{_TEXT}\]\({_TARGET}\)")
_REFERENCE = re.compile(rf"(?<![\\!\]])\[(?!\^){_TEXT}\](?!\()(?:[ ]?\[(?P<label>[^\[\]\n]{{0,200}})\])?(?!:)")
_DEFINITION = re.compile(
    r"^[ \t]{0,3}\[(?P<label>(?!\^)(?:[^\[\]\\\n]|\\.){1,200})\]:[ \t]{0,9}"
    r"(?:<(?P<angled>[^<>\n]{0,1000})>|(?P<plain>[^\s<>]{1,1000}))"
    rf"{_TITLE}[ \t]*+$",
    re.MULTILINE,
)
_NOTE = re.compile(
    r"^[ \t]{0,3}\[\^(?P<label>[^\]\s^]{1,60})\]:[ \t]{0,9}(?P<text>[^\n]*(?:\n(?![ \t]{0,3}\[\^)[^\s][^\n]*)*+)",
    re.MULTILINE,
)
_NOTE_MARK = re.compile(r"[ ]?\[\^(?P<label>[^\]\s^]{1,60})\]")
_EMPTY_ITEM = re.compile(
    r"^[ \t]{0,40}(?:[-*+]|\d{1,9}[.)])[ \t]*+\n(?=[ \t]*+(?:\n|\Z|[-*+][ \t]|\d{1,9}[.)][ \t]))", re.MULTILINE
)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*+\n){2,}+")
_SHORT_NOTE = 300
# What links may add to a text, since a reference may be used often.
_MOST_ADDED = 100_000


def rewrite(text: str, name: str, restore: Callable[[str], str]) -> str:
    """Drop pictures, put footnotes and the targets of references where they are used, name linked documents."""
    references = _References(name, restore, 2 * len(text) + _MOST_ADDED)
    text = _DEFINITION.sub(references.define, text)
    text = _NOTE_MARK.sub(references.use_note, _NOTE.sub(references.define_note, text))
    text = _LINK.sub(references.link, _IMAGE.sub(_described, text))
    text = _REFERENCE.sub(references.resolve, text)
    return _BLANK_LINES.sub("\n\n", _EMPTY_ITEM.sub("", text))


@dataclass
class _References:
    """The targets of a text's references and its footnotes. `room` is how many characters links may still add."""

    name: str
    restore: Callable[[str], str]
    room: int
    targets: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def define(self, found: re.Match[str]) -> str:
        self.targets.setdefault(self._key(found["label"]), _target_of(found))
        return ""

    def define_note(self, found: re.Match[str]) -> str:
        text = " ".join(found["text"].split())
        if len(text) > _SHORT_NOTE or found["label"] in self.notes:
            return f"\n{found['text']}\n"
        self.notes[found["label"]] = text
        return ""

    def use_note(self, found: re.Match[str]) -> str:
        note = self.notes.get(found["label"], "")
        self.notes[found["label"]] = ""
        return f" ({note.rstrip('.')})" if note else ""

    def link(self, found: re.Match[str]) -> str:
        return self._linked(found["text"], _target_of(found))

    def resolve(self, found: re.Match[str]) -> str:
        target = self.targets.get(self._key(found["label"] or found["text"]))
        return found[0] if target is None else self._linked(found["text"], target)

    def _linked(self, text: str, href: str) -> str:
        if not text.strip():
            return ""
        target = link_target(href, self.name)
        self.room -= len(target)
        return f"[{text}]({target})" if target and self.room > 0 else text

    def _key(self, label: str) -> str:
        return " ".join(self.restore(label).split()).casefold()


def _target_of(found: re.Match[str]) -> str:
    return (found["angled"] if found["angled"] is not None else found["plain"] or "").strip()


def _described(found: re.Match[str]) -> str:
    """Return the description of a picture if it is a sentence, or a word of one."""
    alt = " ".join(found["text"].split())
    before, behind = (
        found.string[max(0, found.start() - 2) : found.start()],
        found.string[found.end() : found.end() + 2],
    )
    is_in_sentence = before.strip().isalnum() and behind.strip()[:1].isalnum()
    return alt if is_sentence(alt) or (is_in_sentence and is_short_name(alt)) else ""
