"""The pages as a web application, to be mounted by a server."""

from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reflex.environment import environment
from reflex.utils import prerequisites
from reflex_base import constants
from starlette.applications import Starlette
from starlette.types import ASGIApp

from ui.build import ROOT
from ui.runtime import api
from ui.runtime.limits import most_frame_bytes
from ui.runtime.sockets import GuardedSockets


@dataclass(frozen=True)
class ServedPages:
    """The application of the pages, the directory of their build, and the first path segments that belong to it.

    `guarded` is the application to serve.
    """

    app: Starlette
    guarded: ASGIApp
    directory: Path
    beginnings: frozenset[str]


def load_pages(url: str, most_message_chars: int = 8_000) -> ServedPages:
    """Return the built pages and their socket, for an API at `url` that takes messages of this length."""
    api.set_address(url, most_message_chars)
    # Reflex looks for its configuration and its pages in the working directory.
    with chdir(ROOT):
        return _create_pages(most_frame_bytes(most_message_chars))


def _create_pages(most_bytes: int) -> ServedPages:
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    environment.REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE.set(most_bytes)
    # Imported here, because the import reads the settings above.
    from ui.app import app

    directory = (prerequisites.get_web_dir() / constants.Dirs.STATIC).resolve()
    routes = {route.strip("/").split("/")[0] for route in app._unevaluated_pages}
    files = {file.name for file in directory.iterdir()}
    served = cast(Starlette, app())
    guarded = GuardedSockets(served, app._registration_context, most_bytes)
    return ServedPages(served, guarded, directory, frozenset(routes | files | {"", "_event", "_upload"}))
