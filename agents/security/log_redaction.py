"""Logs without secrets, whatever may be written there: as text for people, or as lines of JSON for machines.

Much of what a record says comes from clients. So a record is one line of bounded length, only a traceback has lines of
its own, indented; and what one place of the code warns of again and again is written a few times a minute and then
counted.
"""

import json
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from agents.settings import secret_values

_HIDDEN = "[hidden]"
_ABOUT = ("run_id", "thread_id", "user_id", "agent_id")
# Keys that are not in this process's own settings: those of a profile, of a role, or derived for one request.
_SHAPES = re.compile(
    r"AWS4-HMAC-SHA256[^\n]*|(?i:bearer)\s+[\w.~+/=-]{8,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bsk-[\w-]{8,}"
    # API keys of this server (backend/users.py), also right behind a letter, such as that of an escaped newline.
    r"|fd-[\w-]{40,}"
    # The token that identifies a page is in the URL of its socket.
    r"|(?<=[?&]token=)[^\s&\"']+"
    r"|(?i:x-amz-(?:security-token|signature)|aws_?secret_?access_?key|authorization)['\"]?\s*[:=]\s*['\"]?[^\s'\",]+"
)

# Longer texts are cut; the longest secret beyond is searched too, because one may lie across the cut.
_MOST_CHARS = 8_000
_LONGEST_TRACEBACK = 24_000
_LONGEST_SECRET = 2_000
# Characters that end a line, move the cursor, reorder text, or cannot be written: all can be shown escaped.
_UNPRINTABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060\\u2066-\\u2069\\ud800-\\udfff\\ufeff]"
)
# These log what clients send, also in exceptions.
_TALKATIVE = frozenset({"engineio", "socketio", "reflex"})
_FRAMES_ALONE = _TALKATIVE | {"ui"}
# These log at level INFO once for each piece of work that a user may ask for; of the records of others, such as the
# server's line for each socket, so many a minute are enough.
_OWN = frozenset({"agents", "backend", "evaluation", "frontdesk", "knowledge", "ui"})
_MOST_A_MINUTE = 30

_Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class RedactingFormatter(logging.Formatter):
    """Formats a record without secrets: a line of text with the ids it is about, and its traceback below."""

    def __init__(self, pattern: str | None = None) -> None:
        super().__init__(pattern)
        # The longest first, because one secret may begin like another.
        self._secrets = sorted(
            {form for secret in secret_values() for form in _secret_forms(secret)}, key=len, reverse=True
        )

    def format(self, record: logging.LogRecord) -> str:
        about = "".join(f" {name}={self._redact_line(value)}" for name, value in _ids_of(record).items())
        record.message = self._redact_line(_message_of(record))
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        below = "".join(f"\n  {line}" for line in self._redact_lines(self._format_failure(record)))
        return self.formatMessage(record) + about + below

    def redact_text(self, text: str, most: int = _MOST_CHARS) -> str:
        """Replace secrets in the text, and cut it if it is too long."""
        rest = text[most + _LONGEST_SECRET :]
        text = text[: most + _LONGEST_SECRET]
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        text = _SHAPES.sub(_HIDDEN, text)
        # The rest of a secret that was cut is at the very end.
        kept = (text[:-_LONGEST_SECRET] if rest else text)[:most]
        left_out = len(text) - len(kept) + len(rest)
        return f"{kept} [{left_out:,} more characters]" if left_out else kept

    def _redact_line(self, text: str) -> str:
        return _UNPRINTABLE.sub(_escape_character, self.redact_text(text))

    def _redact_lines(self, text: str) -> Iterator[str]:
        """Return the escaped lines of a text without secrets, however the lines are ended."""
        whole = self.redact_text(text, _LONGEST_TRACEBACK)
        return (_UNPRINTABLE.sub(_escape_character, line) for line in whole.split("\n")) if text else iter(())

    def _format_failure(self, record: logging.LogRecord) -> str:
        if not record.exc_info or record.exc_info[1] is None:
            return ""
        return (
            _format_frames(record.exc_info)
            if _package_of(record) in _FRAMES_ALONE
            else self.formatException(record.exc_info)
        )


class RedactingJsonFormatter(RedactingFormatter):
    """Formats a record without secrets as a JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message_of(record),
            **_ids_of(record),
        }
        # Each value before it is escaped: the pattern for a signature hides everything up to the end of its line.
        line = {name: self.redact_text(value) for name, value in line.items()}
        if failure := self._format_failure(record):
            line["exception"] = self.redact_text(failure, _LONGEST_TRACEBACK)
        shown = json.dumps(line, ensure_ascii=False)
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", shown)


def _package_of(record: logging.LogRecord) -> str:
    """Return the top-level package that logged a record; Reflex's packages count as one."""
    name = record.name.partition(".")[0]
    return "reflex" if name.startswith("reflex_") else name


def _message_of(record: logging.LogRecord) -> str:
    """Return the message of a record, or its place in the code if the message may hold a visitor's words."""
    if _package_of(record) not in _TALKATIVE:
        return record.getMessage()
    return f"reported by {record.funcName} at line {record.lineno} of {record.filename}"


def _format_frames(failure: _Failure) -> str:
    """Return the frames and the type of an error, without its message, which may hold a visitor's words."""
    kind = failure[0].__name__ if failure[0] else ""
    return "".join(["Traceback (most recent call last):\n", *traceback.format_tb(failure[2]), kind])


def _escape_character(found: re.Match[str]) -> str:
    """As Python writes it: `\\n`, `\\x1b`, `\\u202e`."""
    return ascii(found[0])[1:-1]


def _secret_forms(secret: str) -> set[str]:
    """Return the forms of a secret: as it is, within JSON, and within Python's `repr`."""
    return {secret, *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False)), repr(secret)[1:-1]}


def _ids_of(record: logging.LogRecord) -> dict[str, str]:
    """Return the ids that a record is about (run, thread, user, agent), if it has them."""
    return {name: str(getattr(record, name)) for name in _ABOUT if hasattr(record, name)}


@dataclass
class _Minute:
    """The records of one place of the code since the minute began."""

    began: float
    record: logging.LogRecord
    written: int = 0
    left_out: int = 0


class RateLimitedHandler(logging.StreamHandler[TextIO]):
    """Writes records to standard error, rate limited per place in the code, with a count of those left out.

    So a user who makes the server log warnings cannot fill its disk.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._minutes: dict[tuple[str, int], _Minute] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, after summaries of others that were left out."""
        now = self._clock()
        for summary in self._due_summaries(now):
            super().emit(summary)
        if record.levelno < (logging.WARNING if _package_of(record) in _OWN else logging.INFO):
            super().emit(record)
            return
        minute = self._minutes.setdefault((record.pathname, record.lineno), _Minute(now, record))
        if minute.written < _MOST_A_MINUTE:
            minute.written += 1
            super().emit(record)
        else:
            minute.left_out += 1

    def close(self) -> None:
        """Write the summaries that are still due, then close."""
        for summary in self._due_summaries(float("inf")):
            super().emit(summary)
        super().close()

    def _due_summaries(self, now: float) -> Iterator[logging.LogRecord]:
        over = [place for place, minute in self._minutes.items() if now - minute.began >= 60]
        for minute in (self._minutes.pop(place) for place in over):
            if minute.left_out:
                yield _summary_record(minute)


def _summary_record(minute: _Minute) -> logging.LogRecord:
    record, said = minute.record, "%d more records of line %d of %s were left out within a minute"
    args = (minute.left_out, record.lineno, record.filename)
    return logging.LogRecord(__name__, record.levelno, record.pathname, record.lineno, said, args, None)


def log_to_stderr(level: str, form: str = "text") -> None:
    """Log to standard error, without secrets."""
    handler = RateLimitedHandler()
    text = RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(RedactingJsonFormatter() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # At level DEBUG these write whole requests, headers included.
    for name in "botocore boto3 urllib3 httpx httpcore httpx2 openai langchain_aws langchain_openai".split():
        logging.getLogger(name).setLevel(logging.WARNING)
    # Without a level these add a handler of their own, which writes records as they are.
    for name in ("engineio.server", "socketio.server"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # At level DEBUG it writes the frames of sockets, and the requests that open them.
    logging.getLogger("uvicorn.error").setLevel(max(logging.INFO, logging.getLogger().level))
