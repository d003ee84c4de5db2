"""Documents and messages that try to give the desk orders; written before and apart from what withstands them."""

from collections import Counter

from tests.poison.attacks.disguise import DISGUISE
from tests.poison.attacks.markup import MARKUP
from tests.poison.attacks.messages import MESSAGES
from tests.poison.attacks.placed import PLACED
from tests.poison.attacks.shapes import Attack, Message, Subject, bare
from tests.poison.attacks.wording import WORDING

ATTACKS: tuple[Attack, ...] = (*WORDING, *MARKUP, *DISGUISE, *PLACED)


def _owners() -> dict[str, str]:
    """Whose documents each attack is. Nobody has two on one subject, so that each is asked about alone."""
    had: Counter[str] = Counter()
    owners = {}
    for attack in ATTACKS:
        owners[attack.name] = f"owner{had[attack.subject]}"
        had[attack.subject] += 1
    return owners


OWNERS = _owners()

__all__ = ["ATTACKS", "MESSAGES", "OWNERS", "Attack", "Message", "Subject", "bare"]
