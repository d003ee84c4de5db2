"""Links between documents are told from addresses, and lead nowhere but to paths below the root."""

import pytest

from knowledge.text.document_links import link_target, linked_path, page_names


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("../billing/refunds.md#late", "doc:billing/refunds.md#late"),
        ("./page.mdx", "doc:guides/page.mdx"),
        ("page?x=1", "doc:guides/page"),
        ("/billing/refunds", "doc:/billing/refunds"),
        ("../../../etc/passwd", "doc:etc/passwd"),
        ("@site/docs/a b.md", "doc:/docs/a%20b.md"),
        ("%28x%29.md", "doc:guides/%28x%29.md"),
        ("https://a.example/x", "https://a.example/x"),
        ("//a.example/x", "//a.example/x"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("doc:https://a.example", "https://a.example"),
        ("doc:x/y.md", "doc:guides/x/y.md"),
        ("#here", ""),
        ("/", ""),
        ("logo.PNG", ""),
        ("a%00b.md", ""),
        ("x" * 2_000, ""),
    ],
)
def test_a_link_leads_to_a_document_to_an_address_or_nowhere(href: str, target: str) -> None:
    assert link_target(href, "guides/setup.md") == target


def test_the_path_of_a_target_is_that_of_the_document() -> None:
    assert linked_path(link_target("../a b/ü.md#c", "guides/setup.md")) == "a b/ü.md"
    assert linked_path("https://a.example/x.md") == ""
    assert linked_path("doc:a%00b") == ""


def test_a_page_has_the_same_name_whatever_its_file_is_called() -> None:
    same = ["docs/billing/Refunds.md", "/docs/billing/refunds/", "docs/billing/refunds/index.html"]
    assert {page_names(path) for path in [*same, "docs--billing--refunds.mdx"]} == {("docs", "billing", "refunds")}
