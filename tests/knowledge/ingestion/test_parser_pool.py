"""Whatever a file holds, it harms nobody: it is read or refused in one line, and the files beside it are read."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from knowledge.errors import DocumentUnreadable
from knowledge.ingestion.parser_pool import ParserLimits, ParserPool
from tests.knowledge.bad_files import GOOD, bad_files, endless, fetching

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def readers() -> AsyncIterator[ParserPool]:
    """Two of them, less patient than the desk's."""
    opened = ParserPool(ParserLimits(seconds=10), most=2)
    yield opened
    await opened.close()


async def outcome(readers: ParserPool, name: str, data: bytes) -> str:
    """What was read of a file, or why it was refused."""
    try:
        return (await readers.read(data, name)).text.markdown
    except DocumentUnreadable as error:
        return f"refused: {error.message}"


def running(parent: int | None = None) -> list[psutil.Process]:
    """The readers that a process has started and that have not ended."""
    living = [child for child in psutil.Process(parent).children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "knowledge.ingestion.parser_worker" in child.cmdline()]


async def until(condition: Callable[[], object]) -> None:
    """Until something is so; the test's own limit ends a wait in vain."""

    def wait() -> None:
        while not condition():
            time.sleep(0.01)

    await asyncio.to_thread(wait)


def gone(process: psutil.Process) -> bool:
    """Whether it has ended; one that nobody has waited for yet has ended too."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def ends(process: psutil.Process) -> bool:
    """Whether it ends within a while."""
    deadline = time.monotonic() + 30
    await until(lambda: gone(process) or time.monotonic() > deadline)
    return gone(process)


async def until_busy(process: psutil.Process) -> None:
    busy = process.cpu_times().user
    await until(lambda: process.cpu_times().user > busy + 0.2)


async def test_two_hundred_bad_files_are_refused_one_by_one_and_every_good_one_is_read(readers: ParserPool) -> None:
    bad, good = dict(bad_files()), list(GOOD.items())
    assert len(bad) >= 200
    every = list(bad.items())
    # A good one after every tenth bad one, by turns of each format.
    mixed = [
        pair
        for start in range(0, len(every), 10)
        for pair in (*every[start : start + 10], good[start // 10 % len(good)])
    ]
    told = await asyncio.gather(*(outcome(readers, name, data) for name, data in mixed))
    for (name, _), result in zip(mixed, told, strict=True):
        if name in bad:
            assert result.startswith("refused: "), f"{name}: {result[:200]}"
            assert "\n" not in result
            assert 20 < len(result) < 300, f"{name}: {result}"
        else:
            assert "Within 5 days." in result, f"{name}: {result[:200]}"


async def test_a_pdf_that_is_cut_anywhere_is_read_as_far_as_it_goes_or_refused(readers: ParserPool) -> None:
    whole = GOOD["good.pdf"]
    cuts = [whole[: len(whole) * part // 40] for part in range(40)]
    told = await asyncio.gather(*(outcome(readers, "cut.pdf", data) for data in cuts))
    assert all(result.startswith("refused: ") or "Within 5 days." in result for result in told)


async def test_nothing_is_fetched_and_no_other_file_is_read(readers: ParserPool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        told = {name: await outcome(readers, name, data) for name, data in fetching(server.getsockname()[1])}
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "root:" not in "".join(told.values())
    for name in ("linked.docx", "linked.html", "linked.md", "linked.pdf"):
        assert "Within 5 days." in told[name]


async def test_what_takes_too_long_is_ended_and_the_next_file_is_read() -> None:
    readers = ParserPool(ParserLimits(seconds=1), most=1)
    started = time.monotonic()
    assert await outcome(readers, *endless()) == (
        "refused: reading it takes longer than 1 s; split it, or save it anew in a simpler form"
    )
    assert time.monotonic() - started < 10
    assert await outcome(readers, "good.md", GOOD["good.md"]) == "# Refunds\n\nWithin 5 days."
    await readers.close()


async def test_what_takes_too_much_memory_is_refused_and_the_next_file_is_read(readers: ParserPool) -> None:
    told = await outcome(readers, "large.csv", b"ab,cd\n" * 3_500_000)
    assert told.startswith("refused: reading it takes more than 512 MB of memory")
    assert await outcome(readers, "good.docx", GOOD["good.docx"]) != ""


async def test_what_unfolds_to_more_than_can_be_kept_is_refused() -> None:
    readers = ParserPool(ParserLimits(reply=1_000_000), most=1)
    assert "unfolds to more than 1,000,000 bytes" in await outcome(readers, "long.txt", b"word " * 150_000)
    assert await outcome(readers, "good.txt", GOOD["good.txt"]) == "Within 5 days."
    await readers.close()


async def test_a_file_of_one_long_line_is_read(readers: ParserPool) -> None:
    assert len(await outcome(readers, "line.txt", b"word " * 2_000_000)) == 10_000_000


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
async def test_a_reader_that_crashes_fails_its_own_file_only(number: signal.Signals) -> None:
    readers = ParserPool(ParserLimits(seconds=60), most=1)
    await readers.read(GOOD["good.md"], "good.md")
    (process,) = running()
    reading = asyncio.create_task(outcome(readers, *endless()))
    await until_busy(process)
    process.send_signal(number)
    assert number.name in await reading
    assert await outcome(readers, "good.md", GOOD["good.md"]) == "# Refunds\n\nWithin 5 days."
    await readers.close()


async def test_readers_start_with_the_first_file_stay_for_the_next_and_leave_when_idle_or_closed() -> None:
    readers = ParserPool(ParserLimits(idle=0.2), most=2)
    assert running() == []
    await readers.read(GOOD["good.md"], "good.md")
    (first,) = running()
    await readers.read(GOOD["good.md"], "good.md")
    assert running() == [first]
    assert await ends(first)
    assert await outcome(readers, "good.md", GOOD["good.md"]) == "# Refunds\n\nWithin 5 days."
    await readers.close()
    assert running() == []


async def test_closing_does_not_wait_for_a_file() -> None:
    readers = ParserPool(most=1)
    reading = asyncio.create_task(outcome(readers, *endless()))
    await until(running)
    await readers.close()
    assert "stopped" in await reading
    assert running() == []


async def test_a_reader_knows_nothing_of_the_desks_environment(
    readers: ParserPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    await readers.read(GOOD["good.md"], "good.md")
    (process,) = running()
    assert process.environ().get("OPENAI_API_KEY") is None
    assert not any("torch" in mapped.path for mapped in process.memory_maps())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a reader ends with its file, or its processor time")
async def test_a_reader_dies_with_a_desk_that_is_killed_while_it_reads(tmp_path: Path) -> None:
    file = tmp_path / "endless.md"
    file.write_bytes(endless()[1])
    desk = subprocess.Popen(  # noqa: ASYNC220 - it takes an instant
        [
            sys.executable,
            "-c",
            "import asyncio, pathlib, sys\nfrom knowledge.ingestion.parser_pool import ParserPool\n"
            "asyncio.run(ParserPool().read(pathlib.Path(sys.argv[1]).read_bytes(), 'endless.md'))",
            str(file),
        ],
        cwd=ROOT,
    )
    await until(lambda: running(desk.pid))
    (process,) = running(desk.pid)
    await until_busy(process)
    desk.kill()
    await asyncio.to_thread(desk.wait)
    assert await ends(process)
