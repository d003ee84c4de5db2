"""Files of every format, made in memory."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Table

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CONTENT_TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/></Types>"""
_NUMBERING = f"""<?xml version="1.0"?><w:numbering xmlns:w="{_W}"><w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"""
_STYLES = f"""<?xml version="1.0"?><w:styles xmlns:w="{_W}">
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style></w:styles>"""


def zipped(entries: Mapping[str, str | bytes]) -> bytes:
    """Entries as an archive, which Office files are."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def docx(body: str, prolog: str = "", **more: str | bytes) -> bytes:
    """A Word document with this body; `prolog` stands before its root, `more` are further entries of the archive."""
    document = f'<?xml version="1.0"?>{prolog}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
    parts = {"word/styles.xml": _STYLES, "word/numbering.xml": _NUMBERING, "word/document.xml": document}
    return zipped({"[Content_Types].xml": _CONTENT_TYPES, "_rels/.rels": _rels("word/document.xml")} | parts | more)


def _rels(target: str) -> str:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="{target}"/></Relationships>'
    )


def word_paragraph(text: str, style: str = "", *, bullet: bool = False) -> str:
    """A paragraph of Word's XML."""
    look = f'<w:pStyle w:val="{style}"/>' if style else ""
    look += '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>' if bullet else ""
    return f"<w:p><w:pPr>{look}</w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def word_table(rows: Iterable[Iterable[str]]) -> str:
    """A table of Word's XML."""
    cells = ("".join(f"<w:tc>{word_paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]], formats: Mapping[str, str] | None = None) -> bytes:
    """A workbook; `formats` are number formats by cell of its first sheet."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    for cell, number_format in (formats or {}).items():
        workbook.worksheets[0][cell].number_format = number_format
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def pdf(story: Sequence[Flowable], *, title: str = "", password: str = "", foot: str = "") -> bytes:
    """A PDF of reportlab's parts; `foot` is printed below every page, before its number."""

    def running(canvas: Canvas, template: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, 815, "Nimbrel handbook")
        canvas.drawString(72, 30, f"{foot}Page {template.page}")

    file = io.BytesIO()
    encrypt = StandardEncryption(password) if password else None
    SimpleDocTemplate(file, pagesize=A4, title=title, encrypt=encrypt).build(
        list(story), onFirstPage=running, onLaterPages=running
    )
    return file.getvalue()


def heading(text: str, level: int = 1) -> Flowable:
    return Paragraph(text, getSampleStyleSheet()[f"Heading{level}"])


def paragraph(text: str) -> Flowable:
    return Paragraph(text, getSampleStyleSheet()["BodyText"])


def ruled(rows: Sequence[Sequence[str]]) -> Flowable:
    return Table(rows, style=[("GRID", (0, 0), (-1, -1), 0.5, colors.black)])


def new_page() -> Flowable:
    return PageBreak()


def drawn(draw: Any, pages: int = 1) -> bytes:
    """A PDF whose pages `draw(canvas)` fills."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4)
    for _ in range(pages):
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()
