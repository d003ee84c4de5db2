"""Every setting, from the environment or `.env`; those of agents are in `agents.settings`."""

from pathlib import Path

from pydantic import Field

from agents.settings import AgentSettings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(AgentSettings):
    """Each field is documented in `.env.example`, under its name in capitals."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    data_dir: Path = Path("data")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    embedding_model: str = "bundled"
    answer_threshold: float = Field(default=0.23, ge=0, le=1)

    max_message_chars: int = Field(default=8_000, ge=1)
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_document_bytes: int = Field(default=20_000_000, ge=1_000)

    heartbeat_seconds: float = Field(default=15, gt=0)
    run_timeout_seconds: float = Field(default=300, gt=0)
    shutdown_seconds: float = Field(default=10, gt=0)

    @property
    def url(self) -> str:
        """Where this desk is reached from its own machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"
