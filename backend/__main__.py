"""`python -m backend`: serve the desk."""

import sys

from pydantic import ValidationError

from backend.server import serve
from backend.settings import Settings


def main() -> int:
    """Serve until a signal says to stop."""
    try:
        settings = Settings()
    except ValidationError as invalid:
        for problem in invalid.errors():
            name = str(problem["loc"][0]).upper()
            print(f"error: {name}={problem['input']}: {problem['msg']}; see .env.example", file=sys.stderr)
        return 2
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
