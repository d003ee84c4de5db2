"""The pages as a web application, for whoever serves them."""

from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reflex.environment import environment
from reflex.utils import prerequisites
from reflex_base import constants
from starlette.applications import Starlette

from ui import reach
from ui.build import ROOT


@dataclass(frozen=True)
class Served:
    """The application, where its built pages lie, and how the paths begin that are its own."""

    app: Starlette
    directory: Path
    beginnings: frozenset[str]


def pages(url: str) -> Served:
    """The built pages and their socket, for a desk whose API is at `url`."""
    reach.use(url)
    # Reflex looks for its configuration and its pages where the process was started.
    with chdir(ROOT):
        return _pages()


def _pages() -> Served:
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_SKIP_COMPILE.set(True)
    environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.set(True)
    # It is read where it is imported.
    from ui.app import app

    directory = (prerequisites.get_web_dir() / constants.Dirs.STATIC).resolve()
    routes = {route.strip("/").split("/")[0] for route in app._unevaluated_pages}
    files = {file.name for file in directory.iterdir()}
    return Served(cast(Starlette, app()), directory, frozenset(routes | files | {"", "_event", "_upload"}))
