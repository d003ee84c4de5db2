"""A Word document keeps what its styles say."""

from knowledge.loaders import load
from tests.knowledge import files
from tests.knowledge.loaders.parts import PLANS, PLANS_TABLE


def test_styles_lists_and_tables_of_a_word_document_survive() -> None:
    text = load(
        files.docx(
            files.word_paragraph("Refund policy", "Titel")
            + files.word_paragraph("Annual plans", "berschrift1")
            + files.word_paragraph("Refunded within 30 days.")
            + files.word_paragraph("Open it.", bullet=True)
            + files.word_paragraph("Send it.", bullet=True)
            + files.word_table(PLANS)
        ),
        "policy.docx",
    )
    assert text.title == "Refund policy"
    assert text.markdown.split("\n\n") == [
        "# Refund policy",
        "# Annual plans",
        "Refunded within 30 days.",
        "- Open it.\n- Send it.",
        PLANS_TABLE,
    ]
