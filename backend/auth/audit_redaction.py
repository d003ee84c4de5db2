"""The redaction of audit entries: secrets are hidden, long values truncated, and lone surrogates replaced."""

import re
from functools import cache
from typing import Any

from agents.security.log_redaction import RedactingFormatter

_VALUE_CHARS = 20_000
_NAME_CHARS = 500
_HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"secret|password|authorization|^(api_?)?keys?$|_(api_)?keys?$|(access|id)_token", re.IGNORECASE
)


def redact_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Redact the changed fields of an entry, by the name of each and by patterns in its value."""
    return {redact_text(name): _redact_value(name, value) for name, value in fields.items()}


def redact_text(text: str, most: int = _NAME_CHARS) -> str:
    """Redact secrets in a text, and truncate it."""
    # A lone surrogate cannot be stored.
    return _redacting().redact_text(text.encode("utf-8", "replace").decode(), most)


def _redact_value(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if value is not None and _SECRET_NAME.search(name):
        return _HIDDEN
    if isinstance(value, dict):
        return {redact_text(str(key)): _redact_value(str(key), one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_value(name, one) for one in value]
    return redact_text(value, _VALUE_CHARS) if isinstance(value, str) else value


@cache
def _redacting() -> RedactingFormatter:
    return RedactingFormatter()
