"""Logs without secrets, whatever may be written there: as text for people, or as lines of JSON for machines."""

import json
import logging
import re
from datetime import UTC, datetime

from agents.settings import secrets

_HIDDEN = "[hidden]"
_ABOUT = ("run_id", "thread_id", "user_id", "agent_id")
# Keys that are not among this process's own settings: those of a profile, of a role, or derived for one request.
_SHAPES = re.compile(
    r"AWS4-HMAC-SHA256[^\n]*|(?i:bearer)\s+[\w.~+/=-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bsk-[\w-]{8,}"
    # What a page is known by stands in the address of its socket.
    r"|(?<=[?&]token=)[^\s&\"']+"
    r"|(?i:x-amz-(?:security-token|signature)|aws_?secret_?access_?key|authorization)['\"]?\s*[:=]\s*['\"]?[^\s'\",]+"
)


class Redacting(logging.Formatter):
    """A record as text with what it is about, traceback and all, without secrets."""

    def __init__(self, pattern: str | None = None) -> None:
        super().__init__(pattern)
        # The longest first, because one secret may begin like another.
        self._secrets = sorted({form for secret in secrets() for form in _forms(secret)}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        about = "".join(f" {name}={value}" for name, value in _about(record).items())
        return self.hide(super().format(record) + about)

    def hide(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _SHAPES.sub(_HIDDEN, text)


class RedactingJson(Redacting):
    """The same as an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_about(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Each value before it is escaped: what hides a signature takes all to the end of its line.
        return json.dumps({name: self.hide(value) for name, value in line.items()}, ensure_ascii=False)


def _forms(secret: str) -> set[str]:
    """How a secret may look: as it is, within JSON, within what Python shows of a value."""
    return {secret, *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False)), repr(secret)[1:-1]}


def _about(record: logging.LogRecord) -> dict[str, str]:
    """Which run of which conversation a record is about, where it says so."""
    return {name: str(getattr(record, name)) for name in _ABOUT if hasattr(record, name)}


def log_to_stderr(level: str, form: str = "text") -> None:
    """Log to standard error, without secrets."""
    handler = logging.StreamHandler()
    text = Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(RedactingJson() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These write whole requests, headers included, when they are asked for details.
    for name in "botocore boto3 urllib3 httpx httpcore httpx2 openai langchain_aws langchain_openai".split():
        logging.getLogger(name).setLevel(logging.WARNING)
