"""`python -m backend`: serve the API, with `--web` the web desk as well; `backup` and `restore` copy its data."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.settings import Settings
from knowledge.errors import DeskError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal says to stop, or run a command; return 2, with the reason printed, if it cannot be done."""
    options = _parse_options(arguments)
    try:
        settings = Settings.read()
        if options.command is None:
            return _serve_desk(settings, with_pages=options.web)
        # A service manager's signal ends the command as Ctrl-C does, so that nothing is left half done.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
        return _back_up(settings, options) if options.command == "backup" else _restore_backup(settings, options)
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2


def _parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m backend", description="Serve the desk until a signal says to stop."
    )
    parser.add_argument("--web", action="store_true", help="serve the pages too, on the same port")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="instead of serving")
    what = "copy the conversations, agents, documents and hand-overs of DATA_DIR, also while a desk serves them"
    backup = commands.add_parser("backup", help=what, description=what)
    backup.add_argument("directory", type=Path, help="where to; it must not exist yet")
    what = "put such a copy into DATA_DIR, which no desk may be serving"
    restore = commands.add_parser("restore", help=what, description=what)
    restore.add_argument("directory", type=Path, help="a directory that `backup` has made")
    restore.add_argument("--force", action="store_true", help="move what DATA_DIR holds into a directory within it")
    options = parser.parse_args(arguments)
    if options.web and options.command:
        parser.error(f"--web is for serving, not for {options.command}")
    return options


def _serve_desk(settings: Settings, *, with_pages: bool) -> int:
    # The commands have no use for models and pages, which take seconds to import.
    from backend.http.request_guards import check_port

    asyncio.run(check_port(settings))

    from backend.http import pages
    from backend.server import serve

    if with_pages:
        pages.build_pages()
    return serve(settings, with_pages=with_pages)


def _back_up(settings: Settings, options: argparse.Namespace) -> int:
    from backend.maintenance.backup import back_up

    manifest = back_up(settings.data_dir, options.directory)
    size = sum(file.bytes for file in manifest.files.values())
    print(f"{options.directory}: {len(manifest.files)} files, {size / 1e6:,.1f} MB, whole and checked")
    return 0


def _restore_backup(settings: Settings, options: argparse.Namespace) -> int:
    from backend.maintenance.restore import restore

    replaced = restore(options.directory, settings.data_dir, force=options.force)
    print(
        f"{settings.data_dir}: restored from {options.directory}; the desk makes the vector index anew when it starts"
    )
    if replaced:
        print(f"what was there is in {replaced}; delete it once you are sure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
