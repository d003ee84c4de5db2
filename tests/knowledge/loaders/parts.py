"""What the tests of several formats share."""

from knowledge.ingestion.chunking import split_document
from knowledge.loaders import LoadedText

PLANS = [["Plan", "Price"], ["Starter", "6 USD"], ["Team", "12 USD"]]
PLANS_TABLE = "| Plan | Price |\n| --- | --- |\n| Starter | 6 USD |\n| Team | 12 USD |"


def sections(text: LoadedText) -> dict[str, str]:
    """The passages of a document by the path of their headings."""
    return {chunk.section: chunk.text for chunk in split_document(text)}
