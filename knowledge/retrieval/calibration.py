"""The confidence threshold for answering: as configured, as calibrated, or the default.

A calibration is a fact in the store of documents. A process that does not own the data directory leaves it in a file
for the owner, which is also where earlier releases kept it.
"""

import os
import time
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from knowledge.errors import DataDirectoryInUse, DataDirectoryUnusable
from knowledge.storage.facts import FactStore
from knowledge.storage.sqlite_snapshot import fact_of_file
from knowledge.storage.stores import DATABASE_FILE, open_stores

DEFAULT_THRESHOLD = 0.2
FILE = "calibration.json"
_FACT = "calibration"


class Calibration(BaseModel):
    """The result of a calibration, with the number of labelled questions and of those that have an answer."""

    answer_threshold: float = Field(ge=0, le=1)
    wrongly: float = Field(ge=0, le=1)
    questions: int
    answerable: int
    at: float = Field(default_factory=time.time)


def known_threshold(data_dir: Path, chosen: float | None) -> float:
    """Return the confidence below which an agent declines; a configured value overrides the calibrated one.

    Any process may ask, whether the data directory is its own or not."""
    if chosen is not None:
        return chosen
    calibration = stored_calibration(data_dir)
    return calibration.answer_threshold if calibration else DEFAULT_THRESHOLD


async def answer_threshold(data_dir: Path, facts: FactStore, chosen: float | None) -> float:
    """Return what `known_threshold` does, as the owner of the data directory, and store what was left in a file."""
    if chosen is not None:
        return chosen
    if left := _left_in_file(data_dir / FILE):
        await facts.set_fact(_FACT, left.model_dump_json())
        (data_dir / FILE).unlink(missing_ok=True)
    content = await facts.get_fact(_FACT)
    return _parsed(content, data_dir / DATABASE_FILE).answer_threshold if content else DEFAULT_THRESHOLD


def stored_calibration(data_dir: Path) -> Calibration | None:
    """Return the last calibration of a data directory, if there is one."""
    if left := _left_in_file(data_dir / FILE):
        return left
    content = fact_of_file(data_dir / DATABASE_FILE, _FACT)
    return _parsed(content, data_dir / DATABASE_FILE) if content else None


async def keep_calibration(data_dir: Path, calibration: Calibration) -> Path:
    """Replace an earlier calibration, and return the file that holds it.

    If another process owns the directory, the file is one that the owner takes over when it next starts."""
    try:
        async with open_stores(data_dir) as stores:
            await stores.facts.set_fact(_FACT, calibration.model_dump_json())
            (data_dir / FILE).unlink(missing_ok=True)
    except DataDirectoryInUse:
        return _leave_in_file(data_dir / FILE, calibration)
    return data_dir / DATABASE_FILE


def _leave_in_file(file: Path, calibration: Calibration) -> Path:
    written = file.with_suffix(".new")
    try:
        written.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
        os.replace(written, file)
    except OSError as error:
        raise DataDirectoryUnusable(f"{file} cannot be written: {error.strerror}") from error
    return file


def _left_in_file(file: Path) -> Calibration | None:
    try:
        return _parsed(file.read_bytes(), file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, str(error.strerror)) from error


def _parsed(content: str | bytes, file: Path) -> Calibration:
    try:
        return Calibration.model_validate_json(content)
    except ValidationError as error:
        raise _unreadable(file, "it holds no calibration") from error


def _unreadable(file: Path, why: str) -> DataDirectoryUnusable:
    return DataDirectoryUnusable(
        f"the calibration in {file} cannot be read: {why}; calibrate again with python -m evaluation --calibrate"
    )
