"""The dialects of documentation sites, rewritten to the Markdown of what a reader of the site sees.

Every kind of admonition becomes the container `:::kind title`, and containers become paragraphs led by a word in bold.
Code is hidden meanwhile (`hidden_code.py`), so none of it is changed.
"""

from knowledge.loaders.dialects import attributes, components, containers, inline_html, references, templates
from knowledge.loaders.dialects.hidden_code import HiddenCode


def rewrite_source(markdown: str) -> str:
    """Rewrite what a site's generator reads: templates, components, containers and attributes."""
    code = HiddenCode()
    text = code.hide(markdown, elements=True)
    for rewrite in (templates.rewrite, components.rewrite, attributes.rewrite, containers.rewrite):
        text = rewrite(text)
    return code.restore(text)


def rewrite_inline(markdown: str, name: str) -> str:
    """Rewrite HTML within lines, pictures, footnotes and links; `name` is the path that relative links start from."""
    code = HiddenCode()
    text = inline_html.rewrite(code.hide(markdown))
    # HTML for code has become code.
    return code.restore(references.rewrite(code.hide(text), name, code.restore))
