"""The download of a model's file: once, verified, and continued where it was interrupted.

`hf_hub_download` starts over after a killed process, so the bytes are fetched here; address and connection are those of
huggingface_hub, which honours HF_ENDPOINT and HF_HUB_OFFLINE. The models are public: no token is sent.
"""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from agents.errors import DownloadUnderWay, ModelDownloadFailed, ModelFileRefused
from agents.models.local.table import LocalModel
from knowledge.errors import StorageFull

if TYPE_CHECKING:
    import httpx2

GIGABYTE = 1_000_000_000
# What is left for everything else on the disk.
_SPARE_BYTES = 100_000_000
_CHUNK_BYTES = 128_000
_SECONDS = 30.0
# Attempts in a row that bring nothing.
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.25
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def download_model(model: LocalModel, directory: Path) -> Path:
    """Download a model unless it is there, with a progress bar, and return its path."""
    target = model.path_in(directory)
    if model.is_in(directory):
        return target
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _only_download(model, directory):
            partial = model.partial_in(directory)
            if partial.is_file() and partial.stat().st_size > model.bytes:
                partial.unlink()
            _check_space(model, directory)
            _fetch_rest(model, partial)
            _verify(model, partial)
            os.replace(partial, target)
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(f"the disk of {directory} is full; free some space and run the command again") from error
        raise ModelDownloadFailed(f"{model.name} cannot be stored in {directory}: {error}") from error
    return target


def remove_model(model: LocalModel, directory: Path) -> bool:
    """Delete what is there of a model, also a part of its file; return False if there was nothing."""
    paths = [path for path in (model.path_in(directory), model.partial_in(directory)) if path.is_file()]
    if not paths:
        return False
    with _only_download(model, directory):
        for path in paths:
            path.unlink(missing_ok=True)
    return True


@contextmanager
def _only_download(model: LocalModel, directory: Path) -> Iterator[None]:
    """Keep a second process from writing to the same file."""
    try:
        with FileLock(directory / f"{model.name}.lock", timeout=0):
            yield
    except Timeout as error:
        raise DownloadUnderWay(f"{model.name} is being downloaded by another process") from error


def _check_space(model: LocalModel, directory: Path) -> None:
    missing = model.bytes - model.bytes_in(directory) + _SPARE_BYTES
    free = shutil.disk_usage(directory).free
    if free < missing:
        raise StorageFull(
            f"{model.name} needs {missing / GIGABYTE:.1f} GB in {directory}, and {free / GIGABYTE:.1f} GB are free"
        )


def _fetch_rest(model: LocalModel, partial: Path) -> None:
    """Append what is missing; go on after a broken connection as long as something comes."""
    import httpx2
    from huggingface_hub.errors import OfflineModeIsEnabled

    fruitless = 0
    while (had := _size(partial)) < model.bytes:
        try:
            _append(model, partial, had)
        except OfflineModeIsEnabled as error:
            raise ModelDownloadFailed(f"{model.name} cannot be downloaded while HF_HUB_OFFLINE is set") from error
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            if status < 500 and status != 429:
                raise ModelDownloadFailed(
                    f"the hub answered HTTP {status} for {model.file} of {model.repository}"
                ) from error
            cause: Exception = error
        except httpx2.TransportError as error:
            cause = error
        else:
            continue
        fruitless = 0 if _size(partial) > had else fruitless + 1
        if fruitless == _ATTEMPTS:
            raise ModelDownloadFailed(
                f"{model.name} could not be downloaded ({type(cause).__name__}); run the command again to go on"
            ) from cause
        time.sleep(_PAUSE_SECONDS * 2**fruitless)


def _append(model: LocalModel, partial: Path, had: int) -> None:
    """Fetch the file from a position on, and start over if the hub sends it from the beginning."""
    from huggingface_hub import get_session, hf_hub_url
    from tqdm import tqdm

    url = hf_hub_url(model.repository, model.file, revision=model.revision)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={had}-"} if had else {})
    with get_session().stream("GET", url, headers=headers, timeout=_SECONDS) as response:
        if response.status_code == 416:
            _refuse(model, partial, f"it is shorter than {model.bytes:,} bytes")
        response.raise_for_status()
        continued = _continues_at(response, had)
        begun = had if continued else 0
        bar = tqdm(desc=model.name, total=model.bytes, initial=begun, unit="B", unit_scale=True, disable=None)
        with partial.open("ab" if continued else "wb") as file, bar:
            for chunk in response.iter_bytes(_CHUNK_BYTES):
                begun += len(chunk)
                if begun > model.bytes:
                    break
                file.write(chunk)
                bar.update(len(chunk))
    if begun > model.bytes:
        _refuse(model, partial, f"it is longer than {model.bytes:,} bytes")
    if begun < model.bytes:
        import httpx2

        raise httpx2.RemoteProtocolError("the file ended early")


def _continues_at(response: "httpx2.Response", had: int) -> bool:
    return response.status_code == 206 and response.headers.get("content-range", "").startswith(f"bytes {had}-")


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.is_file() else 0


def _verify(model: LocalModel, partial: Path) -> None:
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    if found != model.sha256:
        _refuse(model, partial, f"its sha256 is {found} instead of {model.sha256}")


def _refuse(model: LocalModel, partial: Path, why: str) -> None:
    partial.unlink()
    raise ModelFileRefused(
        f"what the hub sent for {model.name} is not {model.file} at {model.revision[:12]}: {why}. It was removed; if "
        "another attempt ends like this, HF_ENDPOINT leads to a hub that serves something else"
    )
