"""A desk with pages that are already built, as `python -m backend --web` serves it."""

import sys

from backend.server import serve
from backend.settings import Settings

if __name__ == "__main__":
    sys.exit(serve(Settings.read(), with_pages=True))
