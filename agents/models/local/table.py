"""The table of models that can be downloaded, from `models.toml` here and from one of the operator's."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agents.errors import LocalModelUnknown, SettingsInvalid
from agents.models.model_name import LOCAL_NAME

_TABLE = "models.toml"
_SHIPPED = Path(__file__).parent / _TABLE


class LocalModel(BaseModel):
    """A model of the table: where its file is, what the file has to be, and what it takes to run it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=f"^{LOCAL_NAME.pattern}$")
    repository: str = Field(pattern=r"^[\w.-]{1,96}/[\w.-]{1,96}$")
    file: str = Field(pattern=r"^[\w.-]{1,200}\.gguf$")
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str = Field(min_length=1, max_length=100)
    memory_gb: float = Field(gt=0)
    window: int = Field(ge=1024)

    def path_in(self, directory: Path) -> Path:
        """Return the path of the model's file once it is downloaded."""
        return directory / f"{self.name}.gguf"

    def partial_in(self, directory: Path) -> Path:
        """Return the path of the file while it is being downloaded."""
        return directory / f"{self.name}.gguf.part"

    def is_in(self, directory: Path) -> bool:
        """Return True if the file is there; only a verified file gets that name."""
        path = self.path_in(directory)
        return path.is_file() and path.stat().st_size == self.bytes

    def bytes_in(self, directory: Path) -> int:
        """Return how much of the file is there."""
        if self.is_in(directory):
            return self.bytes
        partial = self.partial_in(directory)
        return partial.stat().st_size if partial.is_file() else 0


_MODELS = TypeAdapter(dict[str, LocalModel])


def read_models(directory: Path) -> dict[str, LocalModel]:
    """Return the models by name: those that ship, and those of the operator's table in the directory of models."""
    own = directory / _TABLE
    return _read(_SHIPPED) | (_read(own) if own.is_file() else {})


def find_model(name: str, directory: Path) -> LocalModel:
    """Return a model by name, or raise `LocalModelUnknown` that names those there are."""
    models = read_models(directory)
    if name not in models:
        raise LocalModelUnknown(f"there is no local model {name!r}; there are {', '.join(models)}")
    return models[name]


def _read(table: Path) -> dict[str, LocalModel]:
    try:
        entries = tomllib.loads(table.read_text(encoding="utf-8"))
        return _MODELS.validate_python(
            {name: {**entry, "name": name} if isinstance(entry, dict) else entry for name, entry in entries.items()}
        )
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise SettingsInvalid(f"{table}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from invalid
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"{table} cannot be read: {error}") from error
