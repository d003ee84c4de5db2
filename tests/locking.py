"""Generate the lock files, with the hashes of every file that the package index has of each package: `make lock`.

Versions come from the requirements and from `constraints.txt`. Only pip installs what is locked; this only writes.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK, TORCH, TORCH_CPU, MODEL, DEV = (
    ROOT / f"requirements{kind}.lock" for kind in ("", "-torch", "-torch-cpu", "-model", "-dev")
)
# PyTorch's CPU-only build, which the package index does not have: for Python 3.11 on x86-64.
_CPU = "torch==2.13.0+cpu --hash=sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"
# The index's build and the CUDA packages that it needs on Linux.
_OF_TORCH = re.compile(r"(torch|nvidia|cuda|triton)\b")

Packages = Mapping[str, str]


def main(uv: str) -> int:
    """Write all lock files."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version=3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url"]

    def locked(requirements: str, *more: str) -> Packages:
        arguments = [*command, *more, f"requirements{requirements}.txt"]
        return packages(subprocess.run(arguments, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout)

    every = locked("", "--constraint=constraints.txt")
    _write(LOCK, "What requirements.txt brings, but for torch", _only(every, lambda name: not _OF_TORCH.match(name)))
    _write(TORCH, "torch, and what it needs where it has CUDA", _only(every, lambda name: bool(_OF_TORCH.match(name))))
    _write(TORCH_CPU, "torch without CUDA", {"torch": _CPU})
    constraints = [f"--constraint={name}" for name in ("constraints.txt", LOCK.name, TORCH.name)]
    _write(MODEL, "What runs a local model", locked("-model"))
    dev = {**locked("-dev", *constraints), **locked("-weights", "--no-deps")}
    _write(DEV, "What the tests need besides", _only(dev, lambda name: name not in every))
    return 0


def packages(text: str) -> Packages:
    """Parse a lock file into pins by package name, each with its hashes."""
    pins = [pin.strip() for pin in re.split(r"\n(?=\S)", text) if pin and not pin.startswith("#")]
    return {pin.partition("==")[0]: pin for pin in pins}


def _only(pins: Packages, wanted: Callable[[str], bool]) -> Packages:
    return {name: pin for name, pin in pins.items() if wanted(name)}


def _write(file: Path, what: str, pins: Packages) -> None:
    head = f"# {what}: made by `make lock`, to be installed with --no-deps --require-hashes.\n"
    file.write_text(head + "".join(f"{pin}\n" for pin in pins.values()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
