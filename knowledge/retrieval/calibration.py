"""The confidence threshold for answering: as configured, as calibrated, or the default."""

import os
import time
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from knowledge.errors import DataDirectoryUnusable

DEFAULT_THRESHOLD = 0.2
FILE = "calibration.json"


class Calibration(BaseModel):
    """The result of a calibration, with the number of labelled questions and of those that have an answer."""

    answer_threshold: float = Field(ge=0, le=1)
    wrongly: float = Field(ge=0, le=1)
    questions: int
    answerable: int
    at: float = Field(default_factory=time.time)


def keep(data_dir: Path, calibration: Calibration) -> Path:
    """Replace an earlier calibration atomically."""
    file = data_dir / FILE
    written = file.with_suffix(".new")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        written.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
        os.replace(written, file)
    except OSError as error:
        raise DataDirectoryUnusable(f"{file} cannot be written: {error.strerror}") from error
    return file


def kept(data_dir: Path) -> Calibration | None:
    """Return the last calibration of a data directory, if there is one."""
    file = data_dir / FILE
    try:
        return Calibration.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds no calibration"
        raise DataDirectoryUnusable(
            f"{file} cannot be read: {why}; delete it, or calibrate again with python -m evaluation --calibrate"
        ) from error


def answer_threshold(data_dir: Path, chosen: float | None) -> float:
    """Return the confidence below which an agent declines; a configured value overrides the calibrated one."""
    if chosen is not None:
        return chosen
    calibration = kept(data_dir)
    return calibration.answer_threshold if calibration else DEFAULT_THRESHOLD
