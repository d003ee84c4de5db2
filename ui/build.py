"""`python -m ui.build`: build the pages for the browser, unless the existing build is of the same sources.

Node and npm come with `pip install`; the npm packages of the pages come from npm's registry, in the versions of
`reflex.lock`. Nothing else is downloaded, and no telemetry is sent.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import reflex
from reflex.environment import environment
from reflex.utils import export, frontend_skeleton, path_ops, prerequisites

ROOT = Path(__file__).resolve().parents[1]
_LOCKFILES = ROOT / "reflex.lock"
_SOURCES = ("ui/**/*.py", "frontdesk/**/*.py", "assets/**/*", "rxconfig.py", "reflex.lock/*", "requirements.txt")
# Reflex fixes the socket's URL at build time here; the patch takes it from the page's origin, wherever that is.
_STATE = Path("utils") / "state.js"
_URL_OF_BUILD = "const endpoint = new URL(url_str);"
_URL_OF_ORIGIN = """const endpoint = new URL(url_str);
  if (typeof window !== "undefined") {
    const secure = window.location.protocol === "https:";
    const socket = endpoint.protocol.startsWith("ws");
    endpoint.protocol = socket ? (secure ? "wss:" : "ws:") : window.location.protocol;
    endpoint.host = window.location.host;
    if (!window.location.port) endpoint.port = "";
    return endpoint;
  }"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the pages if they are missing or out of date. A concurrent call waits, and reuses the finished build."""
    argparse.ArgumentParser(
        prog="python -m ui.build",
        description="Build the pages of the web interface, unless the existing build is of the same sources.",
    ).parse_args(arguments)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    # SIGTERM ends the build as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with path_ops.file_lock(prerequisites.get_web_dir()):
        if not is_built():
            # An unfinished build is of neither these sources nor the previous ones.
            _note_file().unlink(missing_ok=True)
            print("Building the pages of the web desk; this takes a minute, once.", flush=True)
            with _restore_lockfiles_on_failure():
                _build_pages()
            _note_file().write_text(_source_fingerprint())


def is_built() -> bool:
    """Tell whether the existing build is of the current sources."""
    return _note_file().is_file() and _note_file().read_text() == _source_fingerprint()


def _build_pages() -> None:
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment.REFLEX_USE_NPM.set(True)
    # By default Reflex probes two registries for the nearer one. Use only the registry that npm is configured for.
    environment.NPM_CONFIG_REGISTRY.set(_npm_registry())
    # Without it npm writes the registry's address into the lock file, which then differs from machine to machine.
    os.environ["NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED"] = "true"
    frontend_skeleton.initialize_web_directory()
    _patch_socket_url()
    export.export(zipping=False, frontend=True, backend=False)


@contextmanager
def _restore_lockfiles_on_failure() -> Iterator[None]:
    """Restore the lock files if the build fails: Reflex changes them on its way and would leave untested versions."""
    kept = {file: file.read_bytes() for file in _LOCKFILES.iterdir()}
    try:
        yield
    except BaseException:
        for file in set(_LOCKFILES.iterdir()) - kept.keys():
            file.unlink()
        for file, data in kept.items():
            file.write_bytes(data)
        raise


def _npm_registry() -> str:
    npm = Path(sys.executable).with_name("npm")
    output = subprocess.run((npm, "config", "get", "registry"), capture_output=True, check=True, text=True)  # noqa: S603
    return output.stdout.strip()


def _note_file() -> Path:
    return prerequisites.get_web_dir() / "built"


def _source_fingerprint() -> str:
    digest = hashlib.sha256(reflex.constants.Reflex.VERSION.encode())
    for file in _source_files():
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for pattern in _SOURCES:
        yield from (file for file in sorted(ROOT.glob(pattern)) if file.is_file())


def _patch_socket_url() -> None:
    file = prerequisites.get_web_dir() / _STATE
    text = file.read_text(encoding="utf-8")
    if text.count(_URL_OF_BUILD) != 1:
        raise RuntimeError(f"{file} is not as this desk knows it; install the Reflex of requirements.txt")
    file.write_text(text.replace(_URL_OF_BUILD, _URL_OF_ORIGIN), encoding="utf-8")


if __name__ == "__main__":
    main()
