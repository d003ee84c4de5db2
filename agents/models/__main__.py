"""Models of this desk: check those that are configured, and get a local one that the desk runs itself."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from agents.catalog import read_catalog
from agents.models.check import check_models
from agents.models.local.discovery import find_servers
from agents.models.local.download import GIGABYTE, download_model, remove_model
from agents.models.local.server import INSTALL
from agents.models.local.table import find_model, read_models
from agents.models.orders import stray_addresses
from agents.security.log_redaction import log_to_stderr
from agents.settings import AgentSettings
from knowledge.errors import DeskError


def main() -> int:
    """Return 0 if the command did what it says, 1 if something is wrong, 2 if the settings cannot be used."""
    given = _parser().parse_args()
    try:
        settings = AgentSettings.read()
        log_to_stderr("error")
        command: Callable[[AgentSettings, argparse.Namespace], int] = given.run
        return command(settings, given)
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agents.models", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for run, name, what in (
        (_check, "check", "ask every configured model, and tell what is wrong with those that do not answer"),
        (_list, "list", "show the local models that there are, and which of them are downloaded"),
        (_get, "get", "download a local model; run again, it goes on where it was stopped"),
        (_remove, "remove", "delete a local model's file"),
        (_find, "find", "look for model servers that run on this machine already"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run)
        if run in (_get, _remove):
            command.add_argument("name", help="a name that `list` shows")
        if run is _get:
            command.add_argument("--directory", type=Path, help="where to store it instead of MODELS_DIR")
    return parser


def _check(settings: AgentSettings, _: argparse.Namespace) -> int:
    agents = read_catalog(settings.catalog).agents
    findings = asyncio.run(check_models(settings, agents))
    for finding in findings:
        print(finding)
    for stray in stray_addresses(settings, agents):
        print(f"unused   {stray}: no agent of this desk has that id")
    return int(any(finding.failure and not finding.lacks_key for finding in findings))


def _list(settings: AgentSettings, _: argparse.Namespace) -> int:
    directory = settings.models_directory
    for name, model in read_models(directory).items():
        state = "downloaded" if model.is_in(directory) else f"{100 * model.bytes_in(directory) // model.bytes} %"
        sizes = f"{model.bytes / GIGABYTE:.1f} GB, memory {model.memory_gb:.1f} GB, {model.window:,} tokens"
        print(f"{state:11} {name:14} {sizes}, {model.licence}")
    return 0


def _get(settings: AgentSettings, given: argparse.Namespace) -> int:
    directory = given.directory or settings.models_directory
    path = download_model(find_model(given.name, directory), directory)
    print(
        f"{given.name} is there: {path}\nlet it write with this line in .env: WORKER_MODEL=local:{given.name},embedded"
    )
    if find_spec("xllamacpp") is None:
        print(f"llama.cpp, which runs it, is not installed: {INSTALL.format(given.name)}", file=sys.stderr)
        return 1
    return 0


def _remove(settings: AgentSettings, given: argparse.Namespace) -> int:
    directory = settings.models_directory
    removed = remove_model(find_model(given.name, directory), directory)
    print(f"{given.name} is removed" if removed else f"{given.name} was not there")
    return 0


def _find(_: AgentSettings, __: argparse.Namespace) -> int:
    found = asyncio.run(find_servers())
    for server in found:
        print(server)
        for model in server.models:
            print(f"         {model}")
    if not found:
        print("no model server answers on this machine at the usual ports of Ollama, LM Studio and llama.cpp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
