"""What can go wrong with backups."""

from backend.errors import BackendError


class BackupNotMade(BackendError):
    """Nothing is overwritten, and nothing is left where it was to be."""

    code = "backup_not_made"


class BackupUnusable(BackendError):
    """Not whole, not a backup, or no longer as it was made."""

    code = "backup_unusable"


class DirectoryNotEmpty(BackendError):
    """What is there is kept unless somebody says that it may be moved away."""

    code = "directory_not_empty"
