"""The pages as a web application, for whoever serves them."""

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
class Served:
    """The application, where its built pages lie, and how the paths begin that are its own.

    `guarded` is what is to be served."""

    app: Starlette
    guarded: ASGIApp
    directory: Path
    beginnings: frozenset[str]


def pages(url: str, most_message_chars: int = 8_000) -> Served:
    """The built pages and their socket, for a desk whose API is at `url` and takes messages of that length."""
    api.use(url, most_message_chars)
    # Reflex looks for its configuration and its pages where the process was started.
    with chdir(ROOT):
        return _pages(most_frame_bytes(most_message_chars))


def _pages(most_bytes: int) -> Served:
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    environment.REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE.set(most_bytes)
    # It is read where it is imported.
    from ui.app import app

    directory = (prerequisites.get_web_dir() / constants.Dirs.STATIC).resolve()
    routes = {route.strip("/").split("/")[0] for route in app._unevaluated_pages}
    files = {file.name for file in directory.iterdir()}
    served = cast(Starlette, app())
    guarded = GuardedSockets(served, app._registration_context, most_bytes)
    return Served(served, guarded, directory, frozenset(routes | files | {"", "_event", "_upload"}))
