"""The errors about keys that are created and revoked at run time."""

from backend.errors import BackendError


class KeyUnknown(BackendError):
    """No key has that id."""

    code = "key_not_found"


class KeyInSettings(BackendError):
    """The key is defined in API_KEYS, and can be revoked only by whoever may change the settings."""

    code = "key_in_settings"


class KeysUnused(BackendError):
    """API_KEYS is empty, so everybody is let in and a key would have no effect."""

    code = "keys_unused"


class TooManyKeys(BackendError):
    """The limit of usable keys is reached, since each is held in memory."""

    code = "too_many_keys"
