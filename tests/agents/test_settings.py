"""Settings from the environment and `.env`, and what is said of them where they are wrong."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from langchain_openai import ChatOpenAI
from pydantic import Field, SecretStr

from agents.errors import SettingsInvalid
from agents.models.model_name import parse_model
from agents.models.openai.provider import OpenAIProvider
from agents.settings import AgentSettings, secret_values
from tests.agents.models.upstream import isolate
from tests.providers.openai import OpenAIServer

SECRET = "sk-hunter2-hunter2"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory for `.env`; what reading it puts into the environment is taken out again."""
    with patch.dict(os.environ):  # noqa: TID251 - restores what load_dotenv adds
        isolate(monkeypatch)
        monkeypatch.chdir(tmp_path)
        yield tmp_path


def write(folder: Path, text: str) -> None:
    (folder / ".env").write_text(text, encoding="utf-8")


def environment(name: str) -> str | None:
    return os.environ.get(name)  # noqa: TID251 - this is where the providers' libraries look


def test_without_a_file_every_setting_has_its_default() -> None:
    settings = AgentSettings.read()
    assert settings == AgentSettings()
    assert settings.worker_model == "openai:gpt-4o-mini,embedded"
    assert settings.embedded_fallback


def test_the_file_sets_settings_and_keys_for_the_providers_libraries(folder: Path) -> None:
    write(folder, f"WORKER_MODEL=embedded\nMODEL_IDLE_SECONDS=0.5\nOPENAI_API_KEY={SECRET}\nAWS_PROFILE=desk\n")
    settings = AgentSettings.read()
    assert (settings.worker_model, settings.model_idle_seconds) == ("embedded", 0.5)
    assert (environment("OPENAI_API_KEY"), environment("AWS_PROFILE")) == (SECRET, "desk")


def test_a_key_in_the_file_reaches_the_provider(folder: Path) -> None:
    async def ask() -> None:
        provider = OpenAIProvider(parse_model("openai:gpt-4o-mini"), AgentSettings.read())
        model = await provider.open_chat()
        assert isinstance(model, ChatOpenAI)
        await model.ainvoke("Hello?")
        await provider.close()

    with OpenAIServer() as server:
        write(folder, f"OPENAI_API_KEY={SECRET}\nOPENAI_BASE_URL={server.url}/v1\n")
        asyncio.run(ask())
        assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


def test_the_environment_goes_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("WORKER_MODEL", "openai:of-the-environment")
    write(folder, f"OPENAI_API_KEY={SECRET}\nWORKER_MODEL=embedded\nSUPERVISOR_MODEL=embedded\n")
    settings = AgentSettings.read()
    assert environment("OPENAI_API_KEY") == "sk-of-the-environment"
    assert (settings.worker_model, settings.supervisor_model) == ("openai:of-the-environment", "embedded")


@pytest.mark.parametrize("value", ["a$HOME$b", "${HOME}", "pa$$word", "$(id)"])
def test_a_dollar_sign_in_a_secret_is_a_dollar_sign(folder: Path, value: str) -> None:
    write(folder, f"AI_SERVICE_API_KEY={value}\nOPENAI_API_KEY='{value}'\n")
    assert AgentSettings.read().ai_service_api_key.get_secret_value() == value
    assert environment("OPENAI_API_KEY") == value


def test_every_problem_is_named_with_its_value(folder: Path) -> None:
    write(folder, "MODEL_IDLE_SECONDS=soon\nMODEL_CONNECTIONS=0\nEMBEDDED_FALLBACK=perhaps\n")
    with pytest.raises(SettingsInvalid) as caught:
        AgentSettings.read()
    for part in ("MODEL_IDLE_SECONDS=soon: ", "MODEL_CONNECTIONS=0: ", "EMBEDDED_FALLBACK=perhaps: ", ".env.example"):
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_CONNECT_SECONDS", "0"),
        ("MODEL_FIRST_TOKEN_SECONDS", "-1"),
        ("MODEL_SERVER_FIRST_TOKEN_SECONDS", "0"),
        ("MODEL_IDLE_SECONDS", "0"),
        ("MODEL_MAX_TOKENS", "0"),
        ("MODEL_CONNECTIONS", "4097"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=f"^{name}={value}: .*see .env.example$"):
        AgentSettings.read()


@pytest.mark.parametrize("name", ["WEBHOOK_KEY", "WEBHOOK_TOKEN", "WEBHOOK_SECRET", "WEBHOOK_PASSWORD"])
def test_the_value_of_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    class More(AgentSettings):
        """As the backend's settings hold these too."""

        webhook_key: SecretStr = Field(default=SecretStr(""), max_length=3)
        webhook_token: SecretStr = Field(default=SecretStr(""), max_length=3)
        webhook_secret: SecretStr = Field(default=SecretStr(""), max_length=3)
        webhook_password: SecretStr = Field(default=SecretStr(""), max_length=3)

    monkeypatch.setenv(name, SECRET)
    with pytest.raises(SettingsInvalid, match=f"^{name}: ") as caught:
        More.read()
    assert SECRET not in str(caught.value)
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("name", ["WORKER_MODEL", "SUPERVISOR_MODEL", "AI_SERVICE_URL"])
def test_a_password_in_a_models_address_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    address = f"http://me:{SECRET}@models.example/v1"
    monkeypatch.setenv(name, address if name == "AI_SERVICE_URL" else f"openai-compatible:@{address}")
    with pytest.raises(SettingsInvalid, match=f"^{name}: .* holds a password; set AI_SERVICE_API_KEY") as caught:
        AgentSettings.read()
    assert SECRET not in caught.value.message


def test_a_settings_secret_does_not_show_when_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_SERVICE_API_KEY", SECRET)
    settings = AgentSettings.read()
    assert settings.ai_service_api_key.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r} {settings}"


def test_a_file_that_is_not_text_is_refused(folder: Path) -> None:
    (folder / ".env").write_bytes("WORKER_MODEL=caf\xe9\n".encode("latin-1"))
    with pytest.raises(SettingsInvalid, match=r"\.env is not UTF-8 text"):
        AgentSettings.read()


def test_settings_cannot_be_changed_once_they_are_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        AgentSettings.read().worker_model = "embedded"  # type: ignore[misc]


def test_the_servers_of_single_agents_are_those_with_an_address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_MODEL_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TECHNICAL_MODEL_URL", "")
    write(folder, "API_SUPPORT_MODEL_URL=http://127.0.0.1:2\n")
    urls = AgentSettings.read().agent_urls()
    assert urls == {"billing": "http://127.0.0.1:1", "api_support": "http://127.0.0.1:2"}


def test_secrets_are_known_by_the_names_of_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    named = ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "db_password", "AWS_BEARER_TOKEN_BEDROCK"]
    for name in named:
        monkeypatch.setenv(name, f"value-of-{name}")
    monkeypatch.setenv("SHORT_KEY", "12345")
    monkeypatch.setenv("PLAIN_SETTING", "plain-setting")
    assert {f"value-of-{name}" for name in named} <= set(secret_values())
    assert not {"12345", "plain-setting"} & set(secret_values())


@pytest.mark.parametrize("name", ["MODEL_MAX_TOKENS", "MODEL_FIRST_TOKEN_SECONDS", "MODEL_SERVER_FIRST_TOKEN_SECONDS"])
def test_a_number_of_tokens_is_no_secret(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "100000")
    assert "100000" not in secret_values()
