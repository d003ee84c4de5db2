"""The warning that an answer is only partly supported by its sources."""

from frontdesk.contracts.answers import Answer
from frontdesk.contracts.events import Done
from frontdesk.contracts.resources import Message

# The score from which an answer counts as supported; see docs/decisions/0009-how-well-an-answer-is-supported.md.
_SUPPORTED = 0.5


def is_partly_supported(given: Done | Answer | Message) -> bool:
    """Tell whether a model wrote more than its sources say; what is quoted is in its sources."""
    return given.support is not None and not given.quoted and given.support.score < _SUPPORTED
