"""`python -m backend`: serve the desk."""

import logging
import sys

import uvicorn

from backend.app import create_app
from backend.security import check_address
from backend.settings import Settings
from knowledge.errors import DeskError


def main() -> int:
    """Serve until a signal says to stop."""
    settings = Settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        check_address(settings)
    except DeskError as error:
        print(error.message, file=sys.stderr)
        return 2
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
