"""`python -m backend`: serve the desk."""

import sys

from backend.server import serve
from backend.settings import Settings
from knowledge.errors import DeskError


def main() -> int:
    """Serve until a signal says to stop; 2 with the reason where nothing can be served."""
    try:
        return serve(Settings.read())
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
