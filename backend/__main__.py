"""`python -m backend`: serve the API; with `--web`, the web desk as well."""

import argparse
import sys

from backend import web
from backend.server import serve
from backend.settings import Settings
from knowledge.errors import DeskError


def main() -> int:
    """Serve until a signal says to stop; 2 with the reason where nothing can be served."""
    parser = argparse.ArgumentParser(prog="python -m backend", description=__doc__)
    parser.add_argument("--web", action="store_true", help="serve the pages too, on the same port")
    with_pages = parser.parse_args().web
    try:
        settings = Settings.read()
        if with_pages:
            web.build()
        return serve(settings, with_pages=with_pages)
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
