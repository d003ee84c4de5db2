"""The loader of Word documents: mammoth converts styles, lists and tables to HTML, which becomes Markdown."""

import mammoth

from knowledge.loaders import html, zip_guard
from knowledge.loaders.text import LoadedText, title_from_name

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
"""


def load(data: bytes, name: str) -> LoadedText:
    """Load a document titled by its title, first heading or file name, without pictures, comments and linked files."""
    made = mammoth.convert_to_html(
        zip_guard.open_checked(data, ".docx"),
        style_map=_STYLES,
        include_embedded_style_map=False,
        external_file_access=False,
        convert_image=lambda _image: [],
    )
    return (
        html.load(made.value.encode("utf-8", "replace"), name) if made.value else LoadedText(title_from_name(name), "")
    )
