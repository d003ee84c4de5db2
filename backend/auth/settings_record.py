"""The comparison of the settings at start with those of the last start, whose differences go into the audit log."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from backend.auth.audit import SYSTEM, changed
from backend.settings import Settings
from backend.storage.last_settings import LastSettingsStore
from backend.users import Users
from backend.version import VERSION

_SALT = ""


async def record_settings(store: LastSettingsStore, settings: Settings, users: Users) -> None:
    """Record the settings that differ from those of the last start, and store them for the next."""
    stored = await store.read_settings()
    salt = stored.pop(_SALT, None) or secrets.token_hex(16)
    current = _public(settings, users) | _hashed(settings, salt)
    before, after = changed(stored, current)
    if not after and not before:
        return
    secret = sorted(name for name in {*before, *after} if name in _SECRETS)
    was, now = ({name: value for name, value in one.items() if name not in _SECRETS} for one in (before, after))
    if secret:
        now["changed"] = secret
    entry = SYSTEM.did("settings.change", "desk", was if stored else None, now)
    await store.replace_settings({_SALT: salt, **current}, entry)


def _public(settings: Settings, users: Users) -> dict[str, Any]:
    fields = {name.upper(): getattr(settings, name) for name in Settings.model_fields if name.upper() not in _SECRETS}
    shown = {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}
    shown |= {f"{agent.upper()}_MODEL_URL": url for agent, url in settings.agent_urls().items()}
    named = sorted(f"{key.user_id} ({key.id})" for key in users.in_settings())
    return {**shown, "USERS": named, "VERSION": VERSION}


def _hashed(settings: Settings, salt: str) -> dict[str, Any]:
    values = {name: getattr(settings, name.lower()).get_secret_value() for name in _SECRETS}
    return {name: hashlib.sha256(f"{salt}{value}".encode()).hexdigest() for name, value in values.items() if value}


_SECRETS = frozenset(name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr)
