"""`python -m tests.browser.install`: make sure that there is a Chromium for the tests of the pages."""

import os
import shutil
import subprocess
import sys

_APT = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium")


def chromium() -> str | None:
    """The one that is installed; None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    """Install one where none is."""
    if chromium():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(("apt-get", "update", "--quiet"), check=True)
        subprocess.run(_APT, check=True)
    else:
        subprocess.run((sys.executable, "-m", "playwright", "install", "chromium"), check=True)


if __name__ == "__main__":
    main()
