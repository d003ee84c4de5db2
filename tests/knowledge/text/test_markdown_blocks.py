"""Passages come apart into sentences, items, rows and code, each as it stood in the document."""

import pytest

from knowledge.text.markdown_blocks import MarkdownBlock, blocks

PASSAGE = """Plans differ
in *price*. See the table:

| Plan | Price |
| --- | --- |
| Starter | 6 USD |
| Team | 12 USD |

- Cards
- Invoices
  on request

1. Open **Settings**.
2. Press *Save*.

```sh
nimbrel sync --all

nimbrel status
```
"""


def test_a_passage_comes_apart_in_its_order() -> None:
    found = blocks(PASSAGE)
    assert [block.kind for block in found] == ["paragraph", "table", "bullets", "ordered", "code"]
    assert found[0].units == ("Plans differ in *price*.", "See the table:")
    assert found[1] == MarkdownBlock(
        "table", ("| Starter | 6 USD |", "| Team | 12 USD |"), "| Plan | Price |\n| --- | --- |"
    )
    assert found[2].units == ("- Cards", "- Invoices\n  on request")
    assert found[3].units == ("1. Open **Settings**.", "2. Press *Save*.")
    assert found[4].units == ("```sh\nnimbrel sync --all\n\nnimbrel status\n```",)


def test_everything_but_spacing_comes_back_when_the_blocks_are_put_together() -> None:
    whole = "\n\n".join(block.render(range(len(block.units))) for block in blocks(PASSAGE))
    assert whole.split() == PASSAGE.split()


def test_chosen_rows_of_a_table_come_with_its_header() -> None:
    table = blocks(PASSAGE)[1]
    assert table.render([1]) == "| Plan | Price |\n| --- | --- |\n| Team | 12 USD |"


def test_chosen_items_and_sentences_come_as_they_stood() -> None:
    found = blocks(PASSAGE)
    assert found[0].render([0]) == "Plans differ in *price*."
    assert found[2].render([1]) == "- Invoices\n  on request"
    assert found[3].render([0, 1]) == "1. Open **Settings**.\n2. Press *Save*."


def test_an_item_keeps_what_is_nested_in_it() -> None:
    nested = "- Cards\n  - Visa\n  - Amex\n\n  Not in all countries.\n- Cash\n"
    assert [block.units for block in blocks(nested)] == [
        ("- Cards\n  - Visa\n  - Amex\n\n  Not in all countries.", "- Cash")
    ]


def test_a_step_keeps_its_paragraphs_and_code() -> None:
    steps = "1. Run this:\n\n   ```\n   sync\n   ```\n\n2. Wait.\n   Then look.\n"
    assert blocks(steps)[0].units == ("1. Run this:\n\n   ```\n   sync\n   ```", "2. Wait.\n   Then look.")


def test_lists_of_different_kinds_are_blocks_of_their_own() -> None:
    found = blocks("- one\n- two\n\n1. first\n2. second\n")
    assert [(block.kind, len(block.units)) for block in found] == [("bullets", 2), ("ordered", 2)]


def test_two_lists_do_not_run_into_each_other() -> None:
    found = blocks("- one\n  1. inner\n- two\n\nBetween.\n\n- three\n")
    assert [block.units for block in found] == [("- one\n  1. inner", "- two"), ("Between.",), ("- three",)]


def test_a_quote_is_read_without_its_marks() -> None:
    assert blocks("> Never share\n> a token. Rotate it.\n") == [
        MarkdownBlock("paragraph", ("Never share a token.", "Rotate it."))
    ]


def test_indented_code_is_one_unit() -> None:
    assert blocks("Run:\n\n    sync --all\n    status\n") == [
        MarkdownBlock("paragraph", ("Run:",)),
        MarkdownBlock("code", ("    sync --all\n    status",)),
    ]


def test_code_is_not_taken_for_what_it_looks_like() -> None:
    code = "```\n| a | b |\n| - | - |\n- no item. No sentence.\n```"
    assert blocks(code) == [MarkdownBlock("code", (code,))]


@pytest.mark.parametrize(
    "nothing", ["", "\n\n", "# Heading\n", "---\n", "<div>\nraw\n</div>\n", "| a | b |\n| - | - |\n"]
)
def test_what_cannot_be_quoted_by_itself_is_no_block(nothing: str) -> None:
    assert blocks(nothing) == []
