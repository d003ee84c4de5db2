"""The settings of agents and their models, from the environment or `.env`; the backend's settings hold these too."""

import os
from pathlib import Path
from typing import Literal, Self

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.errors import ModelNameInvalid, SettingsInvalid
from agents.models.model_name import parse_chain, parse_server

_URL_SUFFIX = "_MODEL_URL"
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SHORTEST_SECRET = 6


class AgentSettings(BaseSettings):
    """Settings of agents and models. Each field is documented in `.env.example`, under its name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    data_dir: Path = Path("data")
    catalog: str = "customer_support"
    supervisor_model: str = "bedrock:us.amazon.nova-lite-v1:0,openai:gpt-4o-mini,embedded"
    worker_model: str = "openai:gpt-4o-mini,embedded"
    embedded_fallback: bool = True
    aws_region: str = ""
    ai_service_url: str = ""
    ai_service_api_key: SecretStr = SecretStr("")

    mask_personal_data: Literal["off", "cloud"] = "off"

    model_connect_seconds: float = Field(default=2, gt=0)
    model_first_token_seconds: float = Field(default=3, gt=0)
    model_server_first_token_seconds: float = Field(default=120, gt=0)
    model_idle_seconds: float = Field(default=5, gt=0)
    model_server_window: int = Field(default=4096, ge=1024)
    model_max_tokens: int = Field(default=1024, ge=1)
    model_connections: int = Field(default=256, ge=1, le=4096)

    models_dir: str = ""
    local_model_window: int = Field(default=8192, ge=1024)
    local_model_threads: int = Field(default=0, ge=0, le=1024)

    @field_validator("supervisor_model", "worker_model", "ai_service_url")
    @classmethod
    def _names_models(cls, text: str, info: ValidationInfo) -> str:
        try:
            if info.field_name != "ai_service_url":
                parse_chain(text)
            elif text:
                parse_server(text)
        except ModelNameInvalid as error:
            raise ValueError(error.message) from error
        return text

    @classmethod
    def read(cls) -> Self:
        """Read the settings, or raise `SettingsInvalid` that names each invalid setting and its problem.

        `.env` is loaded into the environment, because the providers' own libraries look for their keys and regions
        there.
        """
        try:
            load_dotenv(".env", interpolate=False)
            return cls()
        except UnicodeDecodeError as error:
            raise SettingsInvalid("the file .env is not UTF-8 text") from error
        except ValidationError as invalid:
            raise SettingsInvalid(f"{'; '.join(_describe_problems(invalid))}; see .env.example") from invalid

    @property
    def models_directory(self) -> Path:
        """The directory of the local models."""
        return Path(self.models_dir) if self.models_dir else self.data_dir / "models"

    def agent_urls(self) -> dict[str, str]:
        """Return the model servers of single agents, by agent id: `BILLING_MODEL_URL` is billing's."""
        return {
            name.removesuffix(_URL_SUFFIX).lower(): value
            for name, value in os.environ.items()
            if name.endswith(_URL_SUFFIX) and value
        }


# What llama.cpp and the libraries beneath it may read; no keys.
_FOR_LIBRARIES = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


def library_environment() -> dict[str, str]:
    """Return the environment of a process that runs a model."""
    return {name: os.environ[name] for name in _FOR_LIBRARIES if name in os.environ}


def secret_values() -> list[str]:
    """Return every value of the environment that must never be shown."""
    return [value for name, value in os.environ.items() if _is_secret(name) and len(value) >= _SHORTEST_SECRET]


def _is_secret(name: str) -> bool:
    """Return True if a variable of that name holds a secret; the server's own settings of that kind are `SecretStr`."""
    field = AgentSettings.model_fields.get(name.lower())
    if field is not None:
        return field.annotation is SecretStr
    return any(word in name.upper() for word in _SECRET_WORDS)


def _describe_problems(invalid: ValidationError) -> list[str]:
    """Describe what is wrong with each invalid setting; the value is shown unless the setting is a secret."""
    problems = []
    for error in invalid.errors():
        name = str(error["loc"][0]).upper()
        if error["type"] == "value_error":
            # Of a model's name the reason shows as much as may be shown: an address may hold a password.
            problems.append(f"{name}: {error['ctx']['error']}")
        else:
            shown = "" if _is_secret(name) else f"={error['input']}"
            problems.append(f"{name}{shown}: {error['msg']}")
    return problems
