"""Text without secrets: for logs, whatever may be written there."""

import logging
import re

from agents.settings import secrets

_HIDDEN = "[hidden]"
# Keys that are not among this process's own settings: those of a profile, of a role, or derived for one request.
_SHAPES = re.compile(
    r"AWS4-HMAC-SHA256[^\n]*|(?i:bearer)\s+[\w.~+/=-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bsk-[\w-]{8,}"
    r"|(?i:x-amz-(?:security-token|signature)|aws_?secret_?access_?key|authorization)['\"]?\s*[:=]\s*['\"]?[^\s'\",]+"
)


class Redacting(logging.Formatter):
    """Takes secrets out of a record when it is text, traceback and all."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        # The longest first, because one secret may begin like another.
        self._secrets = sorted(secrets(), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _SHAPES.sub(_HIDDEN, text)


def log_to_stderr(level: str) -> None:
    """Log to standard error, without secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These write whole requests, headers included, when they are asked for details.
    for name in "botocore boto3 urllib3 httpx httpcore httpx2 openai langchain_aws langchain_openai".split():
        logging.getLogger(name).setLevel(logging.WARNING)
