"""Restore personal data in streamed text, however its pieces are cut."""

from collections.abc import Mapping

from agents.privacy.placeholders import BEGUN, CONTEXT, LONGEST, PLACEHOLDER, UNCLOSED, Placeholder, placeholder_of


class Restorer:
    """Restores one text. A possible beginning of a placeholder is held back until it is certain."""

    def __init__(self, values: Mapping[Placeholder, str]) -> None:
        self._values = values
        self._held = ""
        # The last characters before what is held tell whether a word begins there.
        self._before = ""

    def restore_text(self, text: str) -> str:
        """Return the text so far with its values, as far as it is certain."""
        self._held += text
        begun = BEGUN.search(self._before + self._held, max(len(self._before), len(self._held) - LONGEST))
        return self._release_text(begun.start() - len(self._before) if begun else len(self._held))

    def take_rest(self) -> str:
        """Return the text held back. A placeholder cut off by the end is restored unless it could be a longer one."""
        unclosed = UNCLOSED.search(self._held)
        said = self._release_text(unclosed.start() if unclosed else len(self._held))
        cut, self._held = self._held, ""
        if unclosed is None:
            return said
        meant = placeholder_of(unclosed)
        longer = any(
            other.kind == meant.kind and str(other.number).startswith(str(meant.number)) and other != meant
            for other in self._values
        )
        return said + (cut if longer else self._values.get(meant, cut))

    def _release_text(self, size: int) -> str:
        ready, self._held = self._before + self._held[:size], self._held[size:]
        pieces, place = [], len(self._before)
        for found in PLACEHOLDER.finditer(ready, place):
            pieces += [ready[place : found.start()], self._values.get(placeholder_of(found), found[0])]
            place = found.end()
        self._before = ready[-CONTEXT:]
        return "".join([*pieces, ready[place:]])
