"""Frames come out whole and once, however their bytes are cut."""

import pytest

from frontdesk.client.sse import FrameInvalid, SseFrame, SseParser

STREAM = (
    b'\xef\xbb\xbfid: 0\ndata: {"content":"d\xc3\xadas \xf0\x9f\x98\x80"}\n\n'
    b": a comment\n\n"
    b"event: other\r\nid:1\r\ndata:first\r\ndata:  second\r\nretry: 5\r\n\r\n"
    b"data: no number\n\n\n"
    b"id: 7\n\n"
    b"data\ndata\n\n"
)
FRAMES = [
    SseFrame("0", '{"content":"días 😀"}'),
    SseFrame("1", "first\n second"),
    SseFrame(None, "no number"),
    SseFrame(None, "\n"),
]


def parsed(chunks: list[bytes], max_bytes: int = 1_000) -> list[SseFrame]:
    parser = SseParser(max_bytes)
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_pieces_of_any_size_make_the_same_frames(size: int) -> None:
    assert parsed([STREAM[at : at + size] for at in range(0, len(STREAM), size)]) == FRAMES


@pytest.mark.parametrize("cut", range(len(STREAM)))
def test_a_stream_may_be_cut_in_two_anywhere(cut: int) -> None:
    assert parsed([STREAM[:cut], b"", STREAM[cut:]]) == FRAMES


@pytest.mark.parametrize("left", [b"data: half", b"data: half\n", b"id: 1\r\ndata: half\r\n\r"])
def test_what_no_blank_line_ends_is_not_given_out(left: bytes) -> None:
    assert parsed([b"data: whole\n\n" + left]) == [SseFrame(None, "whole")]


@pytest.mark.parametrize("endless", [b"data: " + b"x" * 200, b"data: x\n" * 30, b": x\n" * 60])
def test_a_frame_without_an_end_is_refused_once_it_is_too_large(endless: bytes) -> None:
    with pytest.raises(FrameInvalid, match="larger than 100 bytes"):
        parsed([endless[at : at + 10] for at in range(0, len(endless), 10)], max_bytes=100)


def test_many_small_frames_are_not_one_large_one() -> None:
    assert len(parsed([b"data: x\n\n" * 500], max_bytes=100)) == 500


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(FrameInvalid, match="UTF-8"):
        parsed([b"data: \xff\n\n"])
