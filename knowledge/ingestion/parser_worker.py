"""The process that parses files for the server, one after the other, and can be killed.

It is started by `knowledge.ingestion.parser_pool` and limits its own resources. It has none of the server's environment
variables, and denies itself the network, other programs and writing files. That keeps a parser library misled by a file
from doing harm; it does not contain an attacker who can run code in the process.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from knowledge import loaders
from knowledge.errors import DocumentUnreadable
from knowledge.ingestion import chunking

_PR_SET_PDEATHSIG = 1
_REFUSED = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile")
# A reader that retains more than this share of its memory exits, so that the next file has all of it.
_LEAVING_SHARE = 0.5
_HELD = Path("/proc/self/statm")


def main(memory: int, seconds: float, idle: float) -> None:
    """Answer requests on the standard input until it ends or no request comes for `idle` seconds."""
    requests, replies = _open_channels()
    _limit_process(memory)
    while select.select([requests], [], [], idle)[0]:
        header = requests.readline()
        if not header:
            return
        request = json.loads(header)
        data = requests.read(request["size"])
        _allow_seconds(seconds)
        reply = _encode_reply(data, request["name"])
        replies.write(b"%d\n%b" % (len(reply), reply))
        replies.flush()
        del data, reply
        if _memory_in_use() > memory * _LEAVING_SHARE:
            return


def _encode_reply(data: bytes, name: str) -> bytes:
    """Return the reply as JSON and not as a pickle: nothing that comes from here may run code in the server."""
    try:
        return json.dumps(_parse_file(data, name)).encode()
    except DocumentUnreadable as error:
        reply = {"unreadable": error.message}
    except Exception as error:  # noqa: BLE001 - a damaged file may make a library raise anything, which is reported by its type
        reply = {"failed": type(error).__name__}
    return json.dumps(reply).encode()


def _parse_file(data: bytes, name: str) -> dict[str, object]:
    text = loaders.load(data, name)
    pieces = chunking.split_document(text)
    if not pieces:
        raise DocumentUnreadable("the file holds headings, but no text below them")
    passages = [(piece.section, piece.text, piece.page) for piece in pieces]
    return {"title": text.title, "markdown": text.markdown, "pages": text.pages, "chunks": passages}


def _open_channels() -> tuple[BinaryIO, BinaryIO]:
    """Return the streams of requests and replies, and discard what libraries print."""
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return sys.stdin.buffer, replies


def _limit_process(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # When the server is killed, the kernel kills this process too.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    sys.addaudithook(_refuse_event)
    # openpyxl would import numpy if it is installed, and with it threads that take a third of the memory.
    sys.modules["numpy"] = None  # type: ignore[assignment]


def _memory_in_use() -> int:
    """Return the memory in use as the limit counts it; the peak that the system reports is that of the server."""
    return int(_HELD.read_text().split()[0]) * resource.getpagesize() if _HELD.exists() else 0


def _refuse_event(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError(f"{event} is not for who reads files")


def _allow_seconds(seconds: float) -> None:
    """Limit the processor time from now on: if nobody is left to kill this process, the kernel does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
