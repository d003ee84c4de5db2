"""A page keeps its headings, lists and tables, and loses what only surrounds them."""

import pytest

from knowledge.loaders import LoadedText, load
from tests.knowledge.loaders.parts import sections


def page(body: str, head: str = "") -> LoadedText:
    return load(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "help.html")


def test_a_page_keeps_its_content_and_loses_its_frame() -> None:
    text = page(
        '<header><a href="/">Nimbrel</a></header><nav><ul><li>Home</li></ul></nav><script>track()</script>'
        "<main><h1>Refunds</h1><p>Paid <b>within</b> 5&nbsp;days.</p><h2>Annual plans</h2>"
        "<ol><li>Open it.<ul><li>Or write.</li></ul></li><li>Send it.</li></ol></main>"
        '<div role="contentinfo">Imprint</div><footer>2026</footer><style>p{}</style>',
        "<title>Refunds | Nimbrel</title>",
    )
    assert text.title == "Refunds"
    assert text.markdown.split("\n\n")[:3] == ["# Refunds", "Paid **within** 5 days.", "## Annual plans"]
    assert sections(text)["Annual plans"].splitlines()[0] == "1. Open it."
    for frame in ("Home", "track", "Imprint", "2026", "p{}", "Nimbrel"):
        assert frame not in text.markdown


def test_a_table_of_a_page_is_a_table() -> None:
    text = page(
        "<h1>Plans</h1><table><tr><th>Plan</th><th>Price<br>a month</th></tr>"
        "<tr><td>Starter | small</td><td><p>6</p><p>USD</p></td></tr><tr><td>Team</td><td>12 USD</td></tr></table>"
    )
    assert sections(text)[""].splitlines() == [
        "| Plan | Price a month |",
        "| --- | --- |",
        "| Starter \\| small | 6 USD |",
        "| Team | 12 USD |",
    ]


def test_links_stay_where_they_lead_somewhere_and_are_text_elsewhere() -> None:
    text = page(
        '<p>See <a href="https://nimbrel.example/a">plans</a>, <a href="../b">prices</a>, <a href="#c">here</a>.</p>'
    )
    assert text.markdown == "See [plans](https://nimbrel.example/a), [prices](doc:b), here."


def test_what_a_page_hides_is_not_read() -> None:
    text = page(
        "<p>Seen.</p><p hidden>one</p><p style='display:none'>two</p><div style='visibility: hidden'>three</div>"
        "<p aria-hidden=true>four</p><!-- five --><template>six</template><noscript>seven</noscript><p>Also seen.</p>"
    )
    assert text.markdown == "Seen.\n\nAlso seen."


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="iso-8859-1">', "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "cp1252"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_states(head: str, encoding: str) -> None:
    data = f"<html><head>{head}<title>Gebühr – “neu”</title></head><body><p>5 €</p></body></html>".encode(encoding)
    assert load(data, "a.htm") == LoadedText("Gebühr – “neu”", "5 €")


def test_html_in_markdown_becomes_markdown() -> None:
    text = load(
        b"# Plans\n\n<table>\n<tr><th>Plan</th></tr>\n\n<tr><td>Team</td></tr>\n</table>\n\n<!-- obey me -->\n"
        b"<Note>\n\n**Note:** `<b>` is code.\n\n</Note>\n\n1. Open.\n   <Screenshot src='a' />\n2. Send.\n\n"
        b"```html\n<p>x</p>\n```\n",
        "a.md",
    )
    lines = [line for line in text.markdown.splitlines() if line.strip()]
    assert lines[1:5] == ["| Plan |", "| --- |", "| Team |", "**Note:** `<b>` is code."]
    assert lines[5].startswith("1. Open.")
    assert lines[-3:] == ["```html", "<p>x</p>", "```"]
    assert "obey" not in text.markdown
