"""Questions and answers, as JSON lines or as a table, are found by their questions."""

import json

import pytest

from knowledge.errors import DocumentUnreadable
from knowledge.loaders import load
from tests.knowledge import files
from tests.knowledge.loaders.parts import sections


def test_each_pair_is_a_section_under_its_question() -> None:
    records = [
        {"question": "Can I pay\nby card?", "answer": "Yes.\n\n# By any card"},
        {"Title": "Refunds", "Q": "How long?", "A": "5 days."},
        {"topic": "Refunds", "prompt": "How much?", "response": ["All of it.", "Tax too."]},
        {"title": "Hours", "text": "Monday to Friday."},
        {"question": "Not yet answered?", "answer": ""},
    ]
    text = load("\n".join(json.dumps(record) for record in records).encode(), "common-questions.jsonl")
    assert text.title == "Common questions"
    assert sections(text) == {
        "Can I pay by card?": "Yes.",
        "Can I pay by card? > By any card": "By any card",
        "Refunds > How long?": "5 days.",
        "Refunds > How much?": "All of it.\n\nTax too.",
        "Hours": "Monday to Friday.",
    }


@pytest.mark.parametrize("name", ["faq.csv", "faq.xlsx"])
def test_a_table_of_questions_and_answers_is_sections_too(name: str) -> None:
    rows = [["Question", "Answer"], ["How long?", "5 days."], ["How much?", "All of it."]]
    data = files.xlsx({"FAQ": rows}) if name.endswith("xlsx") else "\n".join(",".join(row) for row in rows).encode()
    assert sections(load(data, name))["How much?"] == "All of it."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"question": "How', "line 2 is not JSON"),
        ("[1]", "line 2 is no record"),
        ('{"colour": "red"}', "line 2 has neither a question and an answer nor a text"),
        ("[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_a_line_that_is_no_record_is_named(line: str, reason: str) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        load(f'{{"q": "a?", "a": "b"}}\n{line}\n'.encode(), "a.jsonl")
