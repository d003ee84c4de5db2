"""All settings, from the environment or `.env`; those of agents are in `agents.settings`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from agents.settings import AgentSettings
from knowledge.retrieval.calibration import ChosenThresholds
from knowledge.retrieval.strategies import WHOLE_CHARS

_ADDRESS_CONNECTIONS = 256
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_USUAL_RATES = {
    "rate_limit": "120/minute",
    "upload_rate": "60/minute",
    "search_rate": "300/minute",
    "key_rate": "30/minute",
}


def _unless_auto(value: Any) -> Any:  # noqa: ANN401 - whatever the environment holds
    return None if value == "auto" else value


_Threshold = Annotated[Annotated[float, Field(ge=0, le=1)] | None, BeforeValidator(_unless_auto)]


class Settings(AgentSettings):
    """The settings of the desk. Each is documented in `.env.example`, under its name in capitals."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    api_url: str = Field(default="", pattern=r"^(https?://[^/]+)?$")
    log_format: Literal["text", "json"] = "text"
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    embedding_model: str = "bundled"
    reranker: str = ""
    # None, "auto" in the environment, stands for the calibrated threshold, or else the default.
    answer_threshold: _Threshold = None
    hedge_threshold: _Threshold = None
    whole_documents_chars: int = Field(default=WHOLE_CHARS, ge=0)

    desk_api_key: SecretStr = SecretStr("")
    api_keys: SecretStr = SecretStr("")
    operators: str = ""
    cors_origins: str = ""
    rate_limit: str = "auto"
    upload_rate: str = "auto"
    search_rate: str = "auto"
    key_rate: str = "auto"
    daily_tokens: int = Field(default=0, ge=0)
    daily_usd: float = Field(default=0, ge=0)
    llm_doors: bool = True

    max_message_chars: int = Field(default=8_000, ge=1)
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_document_bytes: int = Field(default=20_000_000, ge=1_000)
    max_own_documents: int = Field(default=200, ge=0)
    max_own_bytes: int = Field(default=50_000_000, ge=0)

    max_runs: int = Field(default=256, ge=1)
    max_user_runs: int = Field(default=32, ge=1)
    max_queued: int = Field(default=8, ge=1)
    max_streams: int = Field(default=4_096, ge=1)
    max_idle_connections: int = Field(default=512, ge=1)
    # None, "auto" in the environment, depends on where the desk listens.
    max_address_connections: Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_unless_auto)] = None
    max_address_pages: int = Field(default=200, ge=1)

    answer_cache_entries: int = Field(default=1_000, ge=1)
    answer_cache_bytes: int = Field(default=50_000_000, ge=0)
    answer_cache_days: float = Field(default=30, gt=0, le=36_500)

    retention_days: int = Field(default=0, ge=0, le=36_500)
    audit_days: int = Field(default=0, ge=0)

    interrupted_runs: Literal["continue", "end"] = "continue"
    header_seconds: float = Field(default=20, gt=0)
    min_body_rate: float = Field(default=500, ge=0)
    heartbeat_seconds: float = Field(default=15, gt=0)
    run_timeout_seconds: float = Field(default=300, gt=0)
    slow_reader_seconds: float = Field(default=30, gt=0)
    shutdown_seconds: float = Field(default=10, gt=0)

    @property
    def rate(self) -> str:
        """The rate limit of questions: by default as often as a person can ask; without keys there is but one user."""
        return self.rate_of("rate_limit")

    def rate_of(self, setting: str) -> str:
        """Return a rate as it is set, or the usual one; without keys there is one user, who needs none."""
        rate = str(getattr(self, setting))
        if rate != "auto":
            return rate
        return _USUAL_RATES[setting] if self.api_keys.get_secret_value() else ""

    @property
    def thresholds(self) -> ChosenThresholds:
        """The confidences below which to decline and to hedge, as far as they are set."""
        return ChosenThresholds(self.answer_threshold, self.hedge_threshold)

    @property
    def address_connections(self) -> int:
        """The most connections of one address; 0 for any number, as where only this machine can connect."""
        if self.max_address_connections is not None:
            return self.max_address_connections
        return 0 if self.host in LOOPBACK else _ADDRESS_CONNECTIONS

    @property
    def allowed_origins(self) -> list[str]:
        """The origins of web pages elsewhere that may use this desk."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @property
    def url(self) -> str:
        """The URL of this desk on its own machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def remote_desk_url(self) -> str:
        """The address of the desk that the pages belong to, if that is not the one beside them."""
        own = (self.url, *(f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")))
        return "" if self.api_url in own else self.api_url
