"""What a visitor can do to the log: nothing but add a few lines of bounded length, each of them one record."""

import io
import json
import logging
import sys

import pytest

from agents.security import log_redaction
from agents.security.log_redaction import RateLimitedHandler, RedactingFormatter, RedactingJsonFormatter
from backend.users import main as make_key

FORGED = "2026-01-01 00:00:00,000 ERROR root: forged"
ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
TRICKS = [*ENDS, "\x1b[2K\x1b[1A", "\x9b1A", "\x08" * 200, "\x00", "\u202e", "\u2066", "\ud800", "\ufeff"]
FORMATTERS = [RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"), RedactingJsonFormatter()]


def record(message: str, name: str = "backend.chat", level: int = logging.WARNING, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, line, "%s", (message,), None, "told")


def failed(error: Exception, name: str = "backend.chat") -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord(name, logging.ERROR, __file__, 1, "it failed", None, sys.exc_info(), "told")


@pytest.mark.parametrize("formatter", FORMATTERS, ids=["text", "json"])
@pytest.mark.parametrize("trick", TRICKS, ids=ascii)
def test_a_record_is_one_line_that_can_be_written(formatter: RedactingFormatter, trick: str) -> None:
    written = formatter.format(record(f"before{trick}{FORGED}"))
    assert written.splitlines() == [written]
    assert written.isprintable()
    assert written.encode()
    assert FORGED in written


@pytest.mark.parametrize("end", ENDS, ids=ascii)
def test_a_traceback_has_lines_of_its_own_and_no_record_begins_in_it(end: str) -> None:
    written = FORMATTERS[0].format(failed(ValueError(f"before{end}{FORGED}")))
    first, *below = written.splitlines()
    assert first.endswith("it failed")
    assert len(below) >= 3
    assert all(line.startswith("  ") for line in below)
    assert json.loads(RedactingJsonFormatter().format(failed(ValueError(FORGED))))["exception"].count("\n") >= 3


@pytest.mark.parametrize("formatter", FORMATTERS, ids=["text", "json"])
def test_what_is_long_is_cut(formatter: RedactingFormatter) -> None:
    assert len(formatter.format(record("x" * 900_000))) < 9_000
    assert "[892,000 more characters]" in formatter.format(record("x" * 900_000))
    assert len(formatter.format(failed(ValueError("x" * 900_000)))) < 30_000


@pytest.mark.parametrize("offset", range(0, 60, 7))
def test_no_part_of_a_secret_stays_where_a_record_is_cut(offset: int, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(["ann"])
    key = capsys.readouterr().out.split("shown this once: ")[1].split()[0]
    for place in (log_redaction._MOST_CHARS, log_redaction._MOST_CHARS + log_redaction._LONGEST_SECRET):
        written = FORMATTERS[0].format(record("x " * (place // 2 - offset) + key + "y" * 20_000))
        assert key[:12] not in written


@pytest.mark.parametrize("before", ["", " ", "key=", '{"key": "', "\\n", "Bearer ", "x"])
def test_the_keys_of_the_desks_users_are_hidden(before: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(["ann"])
    key = capsys.readouterr().out.split("shown this once: ")[1].split()[0]
    for formatter in FORMATTERS:
        assert key[3:] not in formatter.format(record(f"{before}{key}"))


@pytest.mark.parametrize("name", ["reflex.app", "reflex_base.event.processor", "engineio.server", "socketio.server"])
@pytest.mark.parametrize("formatter", FORMATTERS, ids=["text", "json"])
def test_the_libraries_of_the_pages_do_not_repeat_what_visitors_say(name: str, formatter: RedactingFormatter) -> None:
    written = formatter.format(record("Event data: zanzibarqx", name)) + formatter.format(
        failed(ValueError("zanzibarqx"), name)
    )
    assert "zanzibarqx" not in written
    assert "reported by told at line 1 of test_log_lines.py" in written
    assert "ValueError" in written
    assert "in failed" in written


def test_one_place_of_the_code_warns_so_often_and_then_is_counted() -> None:
    now = 0.0
    handler = RateLimitedHandler(lambda: now)
    handler.stream = written = io.StringIO()
    for number in range(1_000):
        handler.handle(record(f"loud {number}"))
    handler.handle(record("quiet", line=2))
    for number in range(100):
        handler.handle(record(f"own {number}", level=logging.INFO))
        handler.handle(record(f"server {number}", "uvicorn.error", logging.INFO, line=3))
    lines = written.getvalue().splitlines()
    most = log_redaction._MOST_A_MINUTE
    assert [sum(word in line for line in lines) for word in ("loud", "quiet", "own", "server")] == [most, 1, 100, most]
    now = 61.0
    handler.handle(record("afterwards"))
    handler.close()
    told = written.getvalue().splitlines()[len(lines) :]
    assert [line.split()[0] for line in told] == [str(1_000 - most), str(100 - most), "afterwards"]


def test_what_is_left_out_is_told_at_the_end() -> None:
    handler = RateLimitedHandler(lambda: 0.0)
    handler.stream = written = io.StringIO()
    for number in range(log_redaction._MOST_A_MINUTE + 7):
        handler.handle(record(f"loud {number}"))
    handler.close()
    assert written.getvalue().splitlines()[-1].startswith("7 more records of line 1 of test_log_lines.py")
