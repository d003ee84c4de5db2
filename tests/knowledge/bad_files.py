"""Files that are broken, hostile, or not what their name says: more than 200 of them, and good ones beside them."""

import io
import random
import zipfile
from collections.abc import Iterator

from reportlab.pdfgen.canvas import Canvas

from knowledge.loaders import SUFFIXES
from tests.knowledge import files

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
_BOMB = "x" * 120_000_000
_FETCH = '<!ENTITY % remote SYSTEM "http://127.0.0.1:{port}/dtd"> %remote; <!ENTITY file SYSTEM "file:///etc/passwd">'
_PAIR = '{"question": "How long does a refund take?", "answer": "It takes 5 days."}\n'

GOOD = {
    "good.md": b"# Refunds\n\nWithin 5 days.\n",
    "good.txt": b"Within 5 days.",
    "good.html": b"<h1>Refunds</h1><p>Within 5 days.</p>",
    "good.pdf": files.pdf([files.heading("Refunds"), *[files.paragraph("Within 5 days. " * 40)] * 4]),
    "good.docx": files.docx(
        files.word_paragraph("Refunds", "berschrift1") + files.word_paragraph("Within 5 days.") * 9
    ),
    "good.csv": b"Fee,Days\nrefund,Within 5 days.\n",
    "good.tsv": b"Fee\tDays\nrefund\tWithin 5 days.\n",
    "good.xlsx": files.xlsx({"Fees": [["Fee", "Days"], *[["refund", "Within 5 days."]] * 20]}),
    "good.jsonl": b'{"q": "How long?", "a": "Within 5 days."}\n',
}
_BINARY = (".pdf", ".docx", ".xlsx")


def bad_files() -> Iterator[tuple[str, bytes]]:
    """Each of these is to be refused."""
    chance = random.Random(5)
    for suffix in SUFFIXES:
        yield f"empty{suffix}", b""
        yield f"blank{suffix}", b" \n\t\r\n \n"
        yield f"zeros{suffix}", bytes(1000)
        for size in (10, 1_000, 100_000):
            yield f"random-{size}{suffix}", b"\x00" + chance.randbytes(size)
        if suffix not in _BINARY:
            yield f"latin{suffix}", GOOD["good.md"] + b"Caf\xe9\n"
            yield f"broken-utf-8{suffix}", GOOD["good.md"] + b"\xf0\x9f\x98"
        for name, data in GOOD.items():
            if (name.endswith(_BINARY) or suffix in _BINARY) and not name.endswith(suffix):
                yield f"renamed-{name}{suffix}", data
    for name in ("good.docx", "good.xlsx"):
        for part in range(1, 20):
            yield f"cut-{part}-{name}", GOOD[name][: len(GOOD[name]) * part // 20]
    for part in range(1, 12):
        yield f"cut-{part}.jsonl", _PAIR.encode() + _PAIR[: len(_PAIR) * part // 13].encode()
    yield from _broken_pdfs()
    yield from _hostile()


def _broken_pdfs() -> Iterator[tuple[str, bytes]]:
    whole = GOOD["good.pdf"]
    # Further on pdfium finds the pages again, and reads what there is.
    for part in range(1, 6):
        yield f"cut-{part}.pdf", whole[: len(whole) * part // 40]
    yield "encrypted.pdf", files.pdf([files.paragraph("Secret.")], password="open sesame")
    yield "scanned.pdf", files.drawn(lambda canvas: canvas.rect(50, 50, 400, 600, fill=1), pages=3)
    yield "no-pages.pdf", whole.replace(b"/Count", b"/Cuont").replace(b"/Kids", b"/Kisd")


def _hostile() -> Iterator[tuple[str, bytes]]:
    yield "deep.html", b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000
    yield "deep-table.html", b"<table><tr><td>" * 20_000 + b"deep"
    yield "deep.jsonl", b'{"question": ' * 50_000
    yield "deep.docx", files.docx("<w:sdt>" * 50_000 + "deep" + "</w:sdt>" * 50_000)
    yield "old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)
    yield "bomb.docx", files.docx(files.word_paragraph(_BOMB))
    yield (
        "bomb.xlsx",
        _workbook_with("xl/worksheets/sheet1.xml", _sheet(f"<c t='inlineStr'><is><t>{_BOMB}</t></is></c>")),
    )
    yield "laughs.docx", files.docx("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", f"<!DOCTYPE d [{_LAUGHS}]>")
    yield "laughs.xlsx", _workbook_with("xl/worksheets/sheet1.xml", f"<!DOCTYPE d [{_LAUGHS}]>{_sheet('&l9;')}")
    yield "names.jsonl", b'{"colour": "red"}\n'
    yield "list.jsonl", b"[1, 2, 3]\n"
    yield "nothing.docx", files.zipped({"readme.txt": "not an Office document"})
    yield "nothing.xlsx", files.zipped({"readme.txt": "not an Office document"})
    yield "aliases.md", b"---\na: &a [x, x]\nb: *a\n---\nText.\n"
    yield "page-ref.md", b"---\n" + b"x: " + b"[" * 5_000 + b"\n---\nText.\n"


def endless() -> tuple[str, bytes]:
    """More headings than anyone reads in half a minute."""
    return "endless.md", b"###### x\n" * 1_500_000


def fetching(port: int) -> Iterator[tuple[str, bytes]]:
    """Files that ask for something from a server or from the disk. What else they hold may be read."""
    url = f"http://127.0.0.1:{port}"
    doctype = f"<!DOCTYPE d [{_FETCH.format(port=port)}]>"
    text = files.word_paragraph("Within 5 days.")
    yield "entity.docx", files.docx(f"<w:p><w:r><w:t>&file;</w:t></w:r></w:p>{text}", doctype)
    yield "entity.xlsx", _workbook_with("xl/worksheets/sheet1.xml", f"{doctype}{_sheet('&file;')}")
    yield "linked.docx", files.docx(text, **{"word/_rels/document.xml.rels": _external(url)})
    yield (
        "linked.html",
        f'<base href="{url}"><link rel=stylesheet href="{url}"><img src="{url}/a.png"><iframe src="{url}"></iframe>'
        f'<object data="{url}"></object><meta http-equiv=refresh content="0;{url}"><p>Within 5 days.</p>'.encode(),
    )
    yield "linked.xlsx", files.xlsx({"A": [["Fee", "Days"], [f'=WEBSERVICE("{url}")', f'=HYPERLINK("{url}", "a")']]})
    yield "linked.md", f"![a]({url}/a.png)\n\nWithin 5 days.\n".encode()

    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 600, "Within 5 days.")
        canvas.linkURL(url, (72, 590, 200, 620))

    yield "linked.pdf", files.drawn(draw)


def _external(url: str) -> str:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    return (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId9" Type="{kind}" TargetMode="External" Target="{url}/a.png"/></Relationships>'
    )


def _sheet(cells: str) -> str:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{namespace}"><sheetData><row r="1">{cells}</row></sheetData></worksheet>'


def _workbook_with(name: str, content: str) -> bytes:
    """A workbook with one of its entries replaced."""
    with zipfile.ZipFile(io.BytesIO(GOOD["good.xlsx"])) as archive:
        entries: dict[str, str | bytes] = {entry: archive.read(entry) for entry in archive.namelist()}
    return files.zipped(entries | {name: content})
