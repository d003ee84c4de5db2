"""A desk with its pages, which are built already: what `python -m backend --web` serves."""

import sys

from backend.server import serve
from backend.settings import Settings

if __name__ == "__main__":
    sys.exit(serve(Settings.read(), with_pages=True))
