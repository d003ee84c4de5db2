"""A data directory that cannot be used: every command says which file and what to do, without a traceback."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests import commands
from tests.serving import ROOT, environment, free_port

COMMANDS = {
    "desk": ("backend",),
    "documents": ("index_documents", "--samples"),
    "rebuild": ("backend.maintenance", "rebuild"),
}
_NOBODY = 65_534
_CLONE_NEWNS = 0x20000

Before = Callable[[], object]


def run(data_dir: Path, command: Sequence[str], before: Before | None = None) -> str:
    """What a command that must fail says, without what it logs."""
    done = commands.run(*command, env=environment(data_dir, free_port()), cwd=ROOT, before=before)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


def mounted(mount: str) -> Before:
    """Run a command where something is mounted; skip where nobody may mount."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    return partial(_mount_apart, mount)


def _mount_apart(mount: str) -> None:
    """Mount in a name space of this process's own, with which the mount goes."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["sh", "-c", f"mount --make-rprivate / && {mount}"], check=True)


def as_nobody(base: Path) -> Before | None:
    """Run a command as a user who is not root, to whom a directory is shown."""
    if os.geteuid() != 0:
        return None
    for place in (base, *base.parents):
        if place.stat().st_mode & 0o005 != 0o005:
            place.chmod(place.stat().st_mode | 0o005)
    return _become_nobody


def _become_nobody() -> None:
    """Give up root for good, and with it every capability."""
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_read_only_directory_is_named(data_dir: Path, command: Sequence[str]) -> None:
    read_only = mounted(f"mount --bind {data_dir} {data_dir} && mount -o remount,ro,bind {data_dir}")
    said = run(data_dir, command, read_only)
    assert f"DATA_DIR={data_dir} cannot be used (Read-only file system)" in said
    assert "mount its file system writable, or set DATA_DIR to another directory" in said


@pytest.mark.parametrize("below", ["", "data"])
def test_a_file_in_its_place_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    said = run(tmp_path / "file" / below, COMMANDS["desk"])
    assert f"DATA_DIR={tmp_path / 'file' / below} " in said
    assert ("is a file; name a directory" if not below else "Not a directory") in said


def test_a_directory_that_may_not_be_made_is_named(tmp_path: Path) -> None:
    nobody = as_nobody(tmp_path)
    tmp_path.chmod(0o555)
    said = run(tmp_path / "data", COMMANDS["documents"], nobody)
    assert f"DATA_DIR={tmp_path / 'data'} cannot be used (Permission denied)" in said
    assert f"it belongs to uid {tmp_path.stat().st_uid}" in said
    tmp_path.chmod(0o755)


def test_a_directory_of_somebody_else_is_named(data_dir: Path) -> None:
    nobody = as_nobody(data_dir)
    data_dir.chmod(0o555)
    said = run(data_dir, COMMANDS["desk"], nobody)
    assert f"DATA_DIR={data_dir} cannot be used (Permission denied)" in said
    assert "chown" in said
    data_dir.chmod(0o755)


@pytest.mark.parametrize("name", ["knowledge.db", "chroma"])
def test_a_file_that_may_not_be_written_is_named(data_dir: Path, name: str) -> None:
    nobody = as_nobody(data_dir)
    if nobody:
        for path in (data_dir, *data_dir.rglob("*")):
            shutil.chown(path, _NOBODY)
    (data_dir / name).chmod(0o555 if name == "chroma" else 0o444)
    said = run(data_dir, COMMANDS["desk"], nobody)
    assert str(data_dir / name) in said
    assert "cannot be" in said
    assert "chmod u+rw" in said
    (data_dir / name).chmod(0o755)


@pytest.mark.parametrize("kilobytes", [0, 100])
def test_a_full_disk_is_told_of_at_the_start(tmp_path: Path, kilobytes: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    fill = f"head -c {(512 - kilobytes) * 1024} /dev/zero > {data}/fill || true"
    full = mounted(f"mount -t tmpfs -o size=512k tmpfs {data} && {{ {fill}; }}")
    said = run(data, COMMANDS["desk"], full)
    assert "full" in said
    assert "make room, then try again" in said
