"""The confidence thresholds for answering: as configured, as calibrated, or the default.

A calibration is a fact in the store of documents. A process that does not own the data directory leaves it in a file
for the owner, which is also where earlier releases kept it.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field, ValidationError

from knowledge.errors import DataDirectoryInUse, DataDirectoryUnusable
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.storage.facts import FactStore
from knowledge.storage.sqlite_snapshot import fact_of_file
from knowledge.storage.stores import DATABASE_FILE, open_stores

DEFAULT_THRESHOLD = 0.2
DEFAULT_HEDGE_THRESHOLD = 0.42
FILE = "calibration.json"
_FACT = "calibration"


class Calibration(BaseModel):
    """The result of a calibration, with the number of labelled questions and of those that have an answer.

    An answer below the `hedge_threshold` is given with a reservation; earlier calibrations have none."""

    answer_threshold: float = Field(ge=0, le=1)
    hedge_threshold: float | None = Field(default=None, ge=0, le=1)
    wrongly: float = Field(ge=0, le=1)
    questions: int
    answerable: int
    at: float = Field(default_factory=time.time)


class ChosenThresholds(NamedTuple):
    """The thresholds that the settings give, or None for those that they leave open."""

    decline: float | None = None
    answer: float | None = None

    def completed(self, calibration: Calibration | None) -> OutcomeThresholds:
        """Fill in what is left open from a calibration, or else with the defaults."""
        decline, answer = DEFAULT_THRESHOLD, DEFAULT_HEDGE_THRESHOLD
        if calibration:
            decline = calibration.answer_threshold
            answer = decline if calibration.hedge_threshold is None else calibration.hedge_threshold
        decline = decline if self.decline is None else self.decline
        return OutcomeThresholds(decline, max(decline, answer if self.answer is None else self.answer))


def known_thresholds(data_dir: Path, chosen: ChosenThresholds) -> OutcomeThresholds:
    """Return the thresholds in force; a configured value overrides the calibrated one.

    Any process may ask, whether the data directory is its own or not."""
    return chosen.completed(stored_calibration(data_dir))


async def open_thresholds(data_dir: Path, facts: FactStore, chosen: ChosenThresholds) -> OutcomeThresholds:
    """Return what `known_thresholds` does, as the owner of the data directory, and store what was left in a file."""
    if chosen.decline is not None and chosen.answer is not None:
        return chosen.completed(None)
    if left := _left_in_file(data_dir / FILE):
        await facts.set_fact(_FACT, left.model_dump_json())
        (data_dir / FILE).unlink(missing_ok=True)
    content = await facts.get_fact(_FACT)
    return chosen.completed(_parsed(content, data_dir / DATABASE_FILE) if content else None)


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
