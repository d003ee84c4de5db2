"""Authentication: users are known by their keys, of which the desk holds only hashes.

The keys of API_KEYS are settings; `python -m backend.users NAME` makes one. Further ones are made and revoked while the
desk serves (`backend.auth.key_registry`). Every request is checked here, in memory.

Without API_KEYS there is one user, who may do everything, and the desk listens on the loopback address alone. Stored
keys are not asked for then: a key that somebody makes must not lock out the user at the machine.
"""

import argparse
import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from agents.errors import SettingsInvalid
from backend.auth.scopes import EVERY_SCOPE, USUAL_SCOPES, Scope
from backend.errors import KeyRefused, NotAllowed, ScopeMissing
from backend.limits.clock import DeskClock
from backend.settings import Settings
from backend.storage.keys import StoredKey

USER_NAME = r"^[A-Za-z0-9._@-]{1,64}$"
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")
_ID_CHARS = 16
# The audit log shows so much of an unknown key's hash: enough to tell two of them apart.
_PREFIX_CHARS = 8


@dataclass(frozen=True)
class DeskUser:
    """The user of a request, and the scopes of their key. Operators may change what concerns every user."""

    id: str
    operator: bool
    scopes: frozenset[Scope] = EVERY_SCOPE
    key_id: str | None = None

    @property
    def owner(self) -> str:
        """The owner of the documents that the user adds; empty for an operator, whose documents are everybody's."""
        return "" if self.operator else self.id

    def check_operator(self) -> None:
        """Raise `NotAllowed` unless the user is an operator."""
        if not self.operator:
            raise NotAllowed("Only an operator may do that; OPERATORS names them.")

    def check_scopes(self, *any_of: Scope) -> None:
        """Raise `ScopeMissing` if the key has none of these scopes."""
        if any_of == ("operator",):
            self.check_operator()
        elif self.scopes.isdisjoint(any_of):
            mine, wanted = (", ".join(sorted(scopes)) for scopes in (self.scopes, any_of))
            raise ScopeMissing(f"This key is for {mine}; use one for {wanted}.")


LOCAL = DeskUser("local", operator=True)


class Refusals(Protocol):
    """The interface of a record of refused keys."""

    def refuse(self, address: str | None, key_id: str | None, reason: str) -> None: ...


class _KnownKey(NamedTuple):
    key: StoredKey
    user: DeskUser

    def refusal_reason(self, now: float) -> str | None:
        """Return why the key is no longer good, or None."""
        if self.key.revoked_at is not None:
            return "revoked"
        if self.key.expires_at is not None and self.key.expires_at <= now:
            return "expired"
        return None


class Users:
    """The users of a desk, by their keys."""

    def __init__(self, settings: Settings, clock: DeskClock | None = None) -> None:
        # The desk's own clock: setting back the machine's makes no key good again.
        self._clock = clock or DeskClock()
        hashes = _parse_keys(settings.api_keys.get_secret_value())
        names = set(hashes.values())
        operators = {name.strip() for name in settings.operators.split(",") if name.strip()}
        if strangers := operators - names:
            raise SettingsInvalid(f"OPERATORS names {', '.join(sorted(strangers))}, who has no key in API_KEYS")
        # A single user has to be the operator: there is nobody else.
        if len(names) == 1:
            operators = names
        self._settings_keys = [
            StoredKey(id_of(digest), digest, name, "", EVERY_SCOPE if name in operators else USUAL_SCOPES)
            for digest, name in hashes.items()
        ]
        self._known = {key.id: _KnownKey(key, _user_of(key)) for key in self._settings_keys}
        self.refusals: Refusals | None = None
        self.check_address: Callable[[str | None], None] | None = None
        """Refuses an address that has sent too many wrong keys; a good key passes all the same."""
        self.keyed = bool(self._settings_keys)
        self.uses: dict[str, float] = {}
        """The last use of each key that was used since the desk opened."""

    def of_headers(self, headers: Mapping[str, str], address: str | None = None) -> DeskUser:
        """Return the user by the key in the headers, or raise `KeyRefused`; wrong keys are noted in the audit log."""
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        key = bearer.strip() if scheme.lower() == "bearer" and bearer else headers.get("x-api-key")
        return self.of_key(key, address)

    def of_key(self, key: str | None, address: str | None = None) -> DeskUser:
        """Return the user of a key, or raise `KeyRefused`."""
        if not self.keyed:
            return LOCAL
        if key is None:
            raise KeyRefused("This desk wants a key; send it as `Authorization: Bearer <key>`.")
        digest = digest_of(key)
        known = self._known.get(id_of(digest))
        if known is None or not hmac.compare_digest(known.key.digest, digest):
            self._record_refusal(address, digest[:_PREFIX_CHARS], "unknown")
            raise KeyRefused("This key is not known; ask whoever runs the desk for one.")
        if reason := known.refusal_reason(self._clock.now()):
            self._record_refusal(address, known.key.id, reason)
            raise _no_longer(reason)
        self.uses[known.key.id] = self._clock.now()
        return known.user

    def check(self, user: DeskUser) -> None:
        """Raise `KeyRefused` if the key of a user who was let in earlier is no longer good."""
        known = self._known.get(user.key_id or "")
        if known and (reason := known.refusal_reason(self._clock.now())):
            raise _no_longer(reason)

    def put(self, key: StoredKey) -> None:
        """Add or update a stored key. A key that API_KEYS holds as well stays as API_KEYS says."""
        if not self.is_in_settings(key.id):
            self._known[key.id] = _KnownKey(key, _user_of(key))

    def forget_revoked(self, user_id: str) -> list[str]:
        """Forget the revoked keys of a user and return their ids."""
        known = [one.key for one in self._known.values() if one.key.user_id == user_id and one.key.revoked_at]
        for key in known:
            del self._known[key.id]
            self.uses.pop(key.id, None)
        return [key.id for key in known]

    def is_in_settings(self, key_id: str) -> bool:
        """Tell whether API_KEYS holds that key."""
        return any(key.id == key_id for key in self._settings_keys)

    def in_settings(self) -> list[StoredKey]:
        """Return the keys of API_KEYS."""
        return list(self._settings_keys)

    def _record_refusal(self, address: str | None, key_id: str, reason: str) -> None:
        if self.refusals:
            self.refusals.refuse(address, key_id, reason)
        if self.check_address:
            self.check_address(address)


def _user_of(key: StoredKey) -> DeskUser:
    return DeskUser(key.user_id, "operator" in key.scopes, key.scopes, key.id)


def _no_longer(reason: str) -> KeyRefused:
    was = {"revoked": "was revoked", "expired": "has expired"}[reason]
    return KeyRefused(f"This key {was}; ask whoever runs the desk for another.")


def id_of(digest: str) -> str:
    """Return the id of a key: as much of its hash as no two keys share."""
    return digest[:_ID_CHARS]


def digest_of(key: str) -> str:
    """Return the hash that is kept of a key. Keys are long and random, so a plain hash cannot be reversed."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _parse_keys(text: str) -> dict[str, str]:
    """Parse API_KEYS into user names by the hashes of their keys."""
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
    # An operator who sets keys wants them required; an empty list would require none.
    if text and not hashes:
        raise SettingsInvalid("API_KEYS is set but names nobody; python -m backend.users NAME makes an entry")
    return hashes


def _user_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("a name is of letters, digits and . _ @ -, 64 at most")
    return text


def main(arguments: list[str]) -> int:
    """Print a new key, and its entry for API_KEYS."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.users",
        description="Make a key for API_KEYS. While the desk serves, an operator makes further ones at POST /api/keys.",
    )
    parser.add_argument("name", metavar="NAME", type=_user_name, help="whose key it is; one user may have several")
    name = parser.parse_args(arguments).name
    key = f"fd-{secrets.token_urlsafe(32)}"
    print(f"the key, for {name}, shown this once: {key}")
    print(f"for API_KEYS: {name}:sha256:{digest_of(key)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
