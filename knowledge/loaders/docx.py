"""Word documents: mammoth makes HTML of their styles, lists and tables, and that becomes Markdown."""

import mammoth

from knowledge.loaders import html, zip_guard
from knowledge.loaders.text import Text, title_from_name

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
"""


def load(data: bytes, name: str) -> Text:
    """Titled by its title or first heading, else after its name. Pictures, comments and linked files are left out."""
    made = mammoth.convert_to_html(
        zip_guard.opened(data, ".docx"),
        style_map=_STYLES,
        include_embedded_style_map=False,
        external_file_access=False,
        convert_image=lambda _image: [],
    )
    return html.load(made.value.encode("utf-8", "replace"), name) if made.value else Text(title_from_name(name), "")
