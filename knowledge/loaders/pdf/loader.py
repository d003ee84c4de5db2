"""The loader of PDF: pdfium extracts characters and lines, which become headings, lists, tables and paragraphs."""

from collections.abc import Iterator

import pypdfium2

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.pdf.layout import PageLayout, assemble_document
from knowledge.loaders.pdf.lines import lines_of_page
from knowledge.loaders.pdf.tables import tables_of_page
from knowledge.loaders.text import LoadedText, title_from_name

# A printed page has some thousand characters. An average below this means stamps on scanned images.
_FEWEST_CHARS_A_PAGE = 8


def load(data: bytes, name: str) -> LoadedText:
    """Load a document titled by its metadata, first heading or file name, and record where each page begins."""
    document = _open_document(data)
    try:
        pages = list(_page_layouts(document))
        title = str(document.get_metadata_dict().get("Title") or "").strip()
    finally:
        document.close()
    if not pages:
        raise DocumentUnreadable("the PDF has no pages")
    if sum(page.char_count for page in pages) < _FEWEST_CHARS_A_PAGE * len(pages):
        raise DocumentUnreadable("the PDF holds pictures of pages, but no text; run it through text recognition (OCR)")
    return assemble_document(pages, title, title_from_name(name))


def _open_document(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentUnreadable("the PDF is encrypted; save it without a password") from error
        raise DocumentUnreadable("this PDF is damaged or not a PDF; export it again") from error


def _page_layouts(document: pypdfium2.PdfDocument) -> Iterator[PageLayout]:
    for number in range(len(document)):
        try:
            page = document[number]
            text = page.get_textpage()
        except pypdfium2.PdfiumError as error:
            raise DocumentUnreadable(f"page {number + 1} of the PDF is damaged; save the file anew") from error
        lines = list(lines_of_page(text.raw))
        yield PageLayout(page.get_height(), lines, tables_of_page(page, text.raw, lines) if lines else [])
        text.close()
        page.close()
