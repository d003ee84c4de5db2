"""The lock files name every package at the version of the requirements, with the hashes of its files."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.locking import DEV, LOCK, MODEL, ROOT, TORCH, TORCH_CPU, Packages, packages

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
RUN: Packages = {**packages(LOCK.read_text()), **packages(TORCH.read_text())}


def pinned(file: str) -> Mapping[str, str]:
    """Versions by name, as the package index spells names."""
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    pins = [re.sub(r"\[.*\]", "", line).split("==") for line in lines if line and not line.startswith("-")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


def version(pin: str) -> str:
    return pin.split()[0].partition("==")[2]


@pytest.mark.parametrize("lock", [LOCK, TORCH, TORCH_CPU, MODEL, DEV], ids=lambda lock: lock.name)
def test_every_package_of_a_lock_has_a_version_and_hashes(lock: Path) -> None:
    found = packages(lock.read_text())
    assert found
    assert [pin for pin in found.values() if not (version(pin) and _HASH.search(pin))] == []
    assert "://" not in lock.read_text()


def test_the_locks_have_what_the_requirements_name_at_that_version() -> None:
    for file, lock in {
        "requirements.txt": RUN,
        "requirements-dev.txt": packages(DEV.read_text()),
        "requirements-model.txt": packages(MODEL.read_text()),
        "requirements-weights.txt": packages(DEV.read_text()),
    }.items():
        wanted = pinned(file)
        assert wanted == {name: version(lock[name]) for name in wanted if name in lock}


def test_constraints_and_locks_agree() -> None:
    constraints, locked = pinned("constraints.txt"), {**RUN, **packages(DEV.read_text())}
    assert constraints == {name: version(locked[name]) for name in constraints if name in locked}
    unnamed = packages(LOCK.read_text()).keys() - constraints.keys() - pinned("requirements.txt").keys()
    assert unnamed == set()


def test_the_build_without_cuda_is_of_the_same_version() -> None:
    assert version(packages(TORCH_CPU.read_text())["torch"]) == f"{version(RUN['torch'])}+cpu"


def test_a_local_model_and_its_tests_use_the_same_llama_cpp() -> None:
    model, dev = packages(MODEL.read_text()), packages(DEV.read_text())
    assert list(model) == ["xllamacpp"]
    assert {name: dev[name] for name in model} == model


def test_pip_installs_nothing_but_the_locks() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installed = re.findall(r"^\t\$\(INSTALL\) -r (\S+)", makefile, re.MULTILINE)
    assert {LOCK.name, TORCH_CPU.name, MODEL.name, DEV.name} == set(installed)
    assert "--no-deps --require-hashes" in makefile
    assert "pip install -r" not in makefile
