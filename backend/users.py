"""Who asks: users are known by their keys, of which the desk holds only hashes.

`python -m backend.users NAME` makes a key.

Without keys there is one user, who may do everything, and the desk listens on the loopback address alone.
"""

import hashlib
import re
import secrets
import sys
from dataclasses import dataclass
from typing import Any

from agents.errors import SettingsInvalid
from backend.errors import KeyRefused, NotAllowed
from backend.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class User:
    """Whoever asks. Operators may change what concerns every user."""

    id: str
    operator: bool
    key_id: str | None = None

    @property
    def owner(self) -> str:
        """Whose the documents are that they add: an operator's are everybody's."""
        return "" if self.operator else self.id

    def check_operator(self) -> None:
        """Refuse what is for operators."""
        if not self.operator:
            raise NotAllowed("Only an operator may do that; OPERATORS names them.")


LOCAL = User("local", operator=True)


class Users:
    """The users of a desk."""

    def __init__(self, settings: Settings) -> None:
        hashes = _hashes(settings.api_keys.get_secret_value())
        names = set(hashes.values())
        operators = {name.strip() for name in settings.operators.split(",") if name.strip()}
        if strangers := operators - names:
            raise SettingsInvalid(f"OPERATORS names {', '.join(sorted(strangers))}, who has no key in API_KEYS")
        # Somebody has to, and there is nobody else.
        if len(names) == 1:
            operators = names
        self._users = {digest: User(name, name in operators) for digest, name in hashes.items()}

    @property
    def names(self) -> set[str]:
        """Everybody who has a key; without keys, the one user that there is."""
        return {user.id for user in self._users.values()} or {LOCAL.id}

    def told_of(self, user_id: str) -> list[dict[str, Any]]:
        """What may be told of a user's keys."""
        return [{"id": digest[:16], "origin": "settings"} for digest, user in self._users.items() if user.id == user_id]

    def of_key(self, key: str | None) -> User:
        """Whose key that is."""
        if not self._users:
            return LOCAL
        if key is None:
            raise KeyRefused("This desk wants a key; send it as `Authorization: Bearer <key>`.")
        user = self._users.get(digest_of(key))
        if user is None:
            raise KeyRefused("This key is not known; ask whoever runs the desk for one.")
        return user


def digest_of(key: str) -> str:
    """What is kept of a key. Keys are long and random, so that a plain hash cannot be turned back."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _hashes(text: str) -> dict[str, str]:
    """User names by the hashes of their keys."""
    hashes: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = entry.partition(":")
        if not _NAME.fullmatch(name) or not rest:
            raise SettingsInvalid("API_KEYS: each entry is name:sha256:<hash>; python -m backend.users NAME makes one")
        kind, _, digest = rest.partition(":")
        if kind == "sha256" and not _HASH.fullmatch(digest):
            raise SettingsInvalid(f"API_KEYS: the hash of {name}'s key is not 64 hexadecimal digits in small letters")
        if kind != "sha256":
            raise SettingsInvalid(
                f"API_KEYS holds {name}'s key as plain text; write {name}:sha256:{digest_of(rest)} instead"
            )
        if digest in hashes:
            raise SettingsInvalid(f"API_KEYS gives {hashes[digest]} and {name} the same key")
        hashes[digest] = name
    # Whoever sets keys wants them asked for; nobody would be asked by a list of none.
    if text and not hashes:
        raise SettingsInvalid("API_KEYS is set but names nobody; python -m backend.users NAME makes an entry")
    return hashes


def main(arguments: list[str]) -> int:
    """Print a new key, and what of it goes into API_KEYS."""
    if len(arguments) != 1 or not _NAME.fullmatch(arguments[0]):
        print("usage: python -m backend.users NAME", file=sys.stderr)
        return 2
    key = f"fd-{secrets.token_urlsafe(32)}"
    print(f"the key, for {arguments[0]}, shown this once: {key}")
    print(f"for API_KEYS: {arguments[0]}:sha256:{digest_of(key)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
