"""What can go wrong with keys that are made and revoked while the desk serves."""

from backend.errors import BackendError


class KeyUnknown(BackendError):
    """No key of that id was made."""

    code = "key_not_found"


class KeyInSettings(BackendError):
    """Whoever may change the settings revokes it there."""

    code = "key_in_settings"


class KeysUnused(BackendError):
    """Without API_KEYS everybody is let in."""

    code = "keys_unused"


class TooManyKeys(BackendError):
    """Each key is held in memory, so their number has a limit."""

    code = "too_many_keys"
