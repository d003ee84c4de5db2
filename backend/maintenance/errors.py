"""The errors of backup and restore."""

from backend.errors import BackendError


class BackupNotMade(BackendError):
    """A backup could not be made; nothing is overwritten, and no partial backup is left."""

    code = "backup_not_made"


class BackupUnusable(BackendError):
    """The directory is not a backup, is incomplete, or has changed since it was made."""

    code = "backup_unusable"


class DirectoryNotEmpty(BackendError):
    """The data directory holds files, which are moved away only with --force."""

    code = "directory_not_empty"
