"""Embedded answers are quotations: every piece stands in its source, whole where it must be, under its number."""

import re

import pytest

from agents.answering.extractive import quote
from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import WriterChunk
from knowledge.library import Library
from knowledge.retrieval.strategies import Evidence, Strategy
from tests.agents.evidence import NOTES, evidence_of, gather, learn, prompt_of

_MARKER = re.compile(r"\s*\[(\d+)\]")

MOVE = """# Move a workspace

To move a workspace to another region:

1. Open **Settings > Regions**.
2. Press **Move workspace**.

   It is grey while a sync runs.
3. Choose the region.
4. Type the workspace's name.
5. Confirm with your password.
6. Wait for the e-mail.
7. Sign in again.
8. Tell your team.

Nothing is lost.
"""
EXPORT = """# Exports

How long an export takes depends on the files of the workspace, and a large export takes longer than a small export. An
export holds every file of the workspace and can be asked for by an owner. The export is built on our servers from the
latest version of every file, and large files of the export are kept in parts of their own. An owner gets a message
about the export once the export is there to be fetched. An export is there within 48 hours. The link of the export
leads to a page that asks for the password of the owner.
"""
_PLANS = "Starter Team Business Enterprise Charity School University Hospital Partner Reseller".split()
LIMITS = "# Limits\n\nThe limits of each plan are these:\n\n| Plan | Files | Guests |\n| --- | --- | --- |\n" + "".join(
    f"| {plan} | {number * 1000} | {number * 3} |\n" for number, plan in enumerate(_PLANS, start=1)
)
SYNC = """# Repair the sync

Run this to repair a broken sync client:

```sh
acme sync --repair

acme sync --all
```
"""

QUESTIONS = [
    ("billing", "I was charged twice this month, how do I get my money back?"),
    ("billing", "Can I get a refund for an annual plan after 40 days?"),
    ("billing", "How much does the Team plan cost, with how much storage?"),
    ("technical", "The upload API returns 413"),
    ("technical", "How many requests a minute may a token send?"),
    ("compliance", "Is our data encrypted, and when is it erased from backups?"),
    ("general", "Who answers on public holidays?"),
    (NOTES, "How do I move a workspace?"),
    (NOTES, "What does an export hold?"),
    (NOTES, "How many guests does the Hospital plan allow?"),
    (NOTES, "How do I repair the sync client?"),
]


async def answer(library: Library, question: str, folder: str = NOTES, strategy: Strategy = "rag") -> list[str]:
    evidence = await gather(library, question, folder, strategy)
    return [quotation.text for quotation in quote(evidence).quotations]


def check_quotation(section: str, evidence: Evidence) -> None:
    """One number, and every line of the section stands in the source of that number."""
    (number,) = _MARKER.findall(section)
    (source,) = (excerpt.text for excerpt in evidence.excerpts if excerpt.number == int(number))
    lines = [" ".join(line.split()) for line in _MARKER.sub("", section).split("\n") if line.strip()]
    assert lines
    assert [line for line in lines if line not in " ".join(source.split())] == []


@pytest.mark.parametrize("strategy", ["rag", "cag", "hybrid"])
async def test_every_piece_of_an_answer_stands_in_the_source_whose_number_it_carries(
    library: Library, strategy: Strategy
) -> None:
    await learn(library, MOVE, EXPORT, LIMITS, SYNC)
    for folder, question in QUESTIONS:
        evidence = await gather(library, question, folder, strategy)
        sections = [quotation.text for quotation in quote(evidence).quotations]
        assert 1 <= len(sections) <= 2
        for section in sections:
            check_quotation(section, evidence)


async def test_a_condition_stays_with_what_it_limits(library: Library) -> None:
    (section, *_) = await answer(library, "Can I get a refund for an annual plan?", "billing")
    assert section.startswith("An annual plan is refunded in full within 30 days of the first purchase. After that")
    assert "unless Acme removed seats by its own fault. [" in section


async def test_a_table_row_comes_with_its_header(library: Library) -> None:
    sections = await answer(library, "How much storage does the Team plan have?", "billing")
    table, _, marker = sections[0].rpartition("\n\n")
    assert table.startswith("| Plan | Price per month | Storage |\n| --- | --- | --- |\n|")
    assert "| Team | 12 USD | 500 GB |" in table.split("\n")
    assert re.fullmatch(r"\[\d\]", marker)


async def test_of_a_long_table_only_the_rows_that_answer_are_quoted(library: Library) -> None:
    await learn(library, LIMITS)
    (section,) = await answer(library, "How many guests does the Hospital plan allow?")
    introduction, table, marker = section.split("\n\n")
    assert introduction == "The limits of each plan are these:"
    header, rule, *rows = table.split("\n")
    assert (header, rule, marker) == ("| Plan | Files | Guests |", "| --- | --- | --- |", "[1]")
    assert "| Hospital | 8000 | 24 |" in rows
    assert len(rows) <= 6


@pytest.mark.parametrize(
    "question",
    ["How do I move a workspace to another region?", "I typed the workspace's name and must confirm with my password"],
)
async def test_the_steps_of_a_procedure_come_whole_and_in_order(library: Library, question: str) -> None:
    await learn(library, MOVE)
    (section,) = await answer(library, question)
    steps = MOVE[MOVE.index("1. Open") : MOVE.index("\n\nNothing")]
    assert steps in section
    assert "To move a workspace to another region:" in section.split(steps)[0]
    assert "[1]" in section


async def test_steps_follow_the_sentence_that_announces_them(library: Library) -> None:
    (section, *_) = await answer(library, "I was charged twice this month, how do I get my money back?", "billing")
    sentence, steps = section.split("\n\n")
    assert re.fullmatch(r"A duplicate charge is refunded .* To report one: \[\d\]", sentence)
    assert [step[:2] for step in steps.split("\n")] == ["1.", "2."]


async def test_code_comes_whole_with_its_number_outside_of_it(library: Library) -> None:
    await learn(library, SYNC)
    (section,) = await answer(library, "acme sync --repair")
    assert "```sh\nacme sync --repair\n\nacme sync --all\n```" in section
    assert "[1]" in section.replace(SYNC[SYNC.index("```") :].strip(), "")


async def test_how_long_is_answered_with_a_time(library: Library) -> None:
    await learn(library, EXPORT)
    (section,) = await answer(library, "How long does an export take?")
    assert section.startswith("An export is there within 48 hours.")


async def test_what_is_not_asked_for_a_time_is_not_answered_with_one(library: Library) -> None:
    await learn(library, EXPORT)
    (section,) = await answer(library, "Who can ask for an export, and what does the export hold?")
    assert section.startswith("An export holds every file of the workspace and can be asked for by an owner.")


async def test_what_stands_in_blocks_of_html_is_quoted(library: Library) -> None:
    await learn(library, "<div>\nAn export takes 48 hours.\n</div>\n")
    assert await answer(library, "How long does an export take?") == ["An export takes 48 hours. [1]"]


async def test_what_holds_nothing_that_can_be_quoted_gives_no_answer(library: Library) -> None:
    await learn(library, "# Exports\n\n---\n")
    assert await answer(library, "How long does an export take?") == []


async def test_no_evidence_gives_no_answer(library: Library) -> None:
    assert await answer(library, "How long does an export take?", "nowhere") == []


async def test_the_writer_gives_the_quotations_word_by_word_and_then_its_usage(library: Library) -> None:
    question = "I was charged twice this month, how do I get my money back?"
    evidence = await gather(library, question, "billing")
    written = [piece async for piece in ExtractiveWriter().write(prompt_of(evidence, question))]
    words, last = written[:-1], written[-1]
    assert "".join(word.text for word in words) == "\n\n".join(
        quotation.text for quotation in quote(evidence).quotations
    )
    assert all(len(word.text.split()) == 1 for word in words)
    assert last.usage
    assert last.usage.estimated
    assert last.usage.total == last.usage.prompt + last.usage.completion
    assert last.usage.prompt > last.usage.completion > 0


async def test_the_writer_has_nothing_to_say_without_a_quotation(library: Library) -> None:
    written = [piece async for piece in ExtractiveWriter().write(prompt_of(evidence_of("Paid.\n")))]
    assert [(piece.text, piece.usage.completion) for piece in written if piece.usage] == [("", 0)]
    assert len(written) == 1
    assert isinstance(written[0], WriterChunk)


async def test_a_long_procedure_comes_whole(library: Library) -> None:
    steps = "\n".join(
        f"{n}. Open page number {n} of the assistant for moving a workspace, read all it says and press **Next {n}**."
        for n in range(1, 13)
    )
    await learn(library, f"# Move a workspace\n\nTo move a workspace to another region:\n\n{steps}\n")
    question = "How do I move a workspace to another region?"
    (section, *_) = await answer(library, question)
    assert steps in section
