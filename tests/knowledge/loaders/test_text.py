"""Text is read where its encoding leaves no doubt."""

import pytest

from knowledge.errors import DocumentUnreadable
from knowledge.loaders import load

GERMAN = "Die Gebühr für jede Änderung wird innerhalb von 14 Tagen über die ursprüngliche Zahlungsart zurückerstattet."


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "cp1252", "utf-16-le"])
def test_text_is_read_in_whatever_encoding_leaves_no_doubt(encoding: str) -> None:
    assert load(GERMAN.encode(encoding), "a.txt").markdown == GERMAN


@pytest.mark.parametrize(
    "data", ["Gebühr".encode("cp1252"), b"\xff\xfea", GERMAN.encode()[:-1] + b"\xff\xc3", b"a\x00b"]
)
def test_text_that_leaves_doubt_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match=r"save the file as UTF-8|binary"):
        load(data, "a.txt")


def test_what_no_reader_sees_is_taken_out() -> None:
    assert load(b"a\x01b\x0c\x7fc\nd\x1b[31m", "a\x00b.txt").markdown == "abc\nd[31m"
    assert load(b'{"title": "a\\u0000b", "text": "c\\ud800d\\u0007"}', "a.jsonl").markdown == "## ab\n\nc\ufffdd"
