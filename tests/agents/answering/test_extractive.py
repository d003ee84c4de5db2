"""Embedded answers are quotations: every piece stands in its source, whole where it must be, under its number."""

import re

import pytest

from agents.answering.extractive import QuotedAnswer, quote
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


async def quote_answer(library: Library, question: str) -> QuotedAnswer:
    return quote(question, await gather(library, question))


async def answer(library: Library, question: str, folder: str = NOTES, strategy: Strategy = "rag") -> list[str]:
    evidence = await gather(library, question, folder, strategy)
    return [quotation.text for quotation in quote(question, evidence).quotations]


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
        sections = [quotation.text for quotation in quote(question, evidence).quotations]
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


async def test_code_comes_whole_with_its_number_outside_of_it(library: Library) -> None:
    await learn(library, SYNC)
    (section,) = await answer(library, "acme sync --repair")
    assert "```sh\nacme sync --repair\n\nacme sync --all\n```" in section
    assert "[1]" in section.replace(SYNC[SYNC.index("```") :].strip(), "")


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
        quotation.text for quotation in quote(question, evidence).quotations
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


async def test_a_table_comes_whole_with_its_introduction(library: Library) -> None:
    await learn(library, LIMITS)
    (section,) = await answer(library, "How many guests does the Hospital plan allow?")
    assert section == LIMITS.removeprefix("# Limits\n\n").strip() + "\n\n[1]"


async def test_a_table_that_is_too_long_says_how_many_rows_it_leaves_out(library: Library) -> None:
    rows = [f"| Plan number {number} for a school | {number * 1000} | {number * 3} |" for number in range(1, 41)]
    await learn(library, "\n".join(["# Limits\n", "| Plan | Files | Guests |", "| --- | --- | --- |", *rows]))
    (section,) = await answer(library, "How many guests does Plan number 17 for a school allow?")
    table, note, marker = section.split("\n\n")
    header, rule, *quoted = table.split("\n")
    assert (header, rule, marker) == ("| Plan | Files | Guests |", "| --- | --- | --- |", "[1]")
    assert rows[16] in quoted
    assert note == f"*Further rows in the document: {40 - len(quoted)}*"


async def test_steps_follow_the_sentence_that_announces_them(library: Library) -> None:
    (section, *_) = await answer(library, "I was charged twice this month, how do I get my money back?", "billing")
    sentence, steps = section.split("\n\n")
    assert re.fullmatch(r"A duplicate charge is refunded .* To report one:", sentence)
    assert [step[:2] for step in steps.split("\n")] == ["1.", "2."]
    assert steps.endswith(" [1]")


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("How long does an export take?", "An export is there within 48 hours."),
        ("What does an export hold?", "An export holds every file of the workspace and can be asked for by an owner."),
    ],
)
async def test_the_sentence_that_answers_is_marked_in_its_section(library: Library, question: str, key: str) -> None:
    await learn(library, EXPORT)
    (quotation,) = (await quote_answer(library, question)).quotations
    assert " ".join(EXPORT.removeprefix("# Exports").split()) == quotation.text.removesuffix(" [1]")
    assert quotation.key
    assert quotation.text[slice(*quotation.key)] == key


@pytest.mark.parametrize(("asked", "told"), [("turn on", "Press **Enable**"), ("turn off", "Press **Disable**")])
async def test_a_question_is_answered_in_the_direction_that_it_goes(library: Library, asked: str, told: str) -> None:
    ways = ("on", "Press **Enable** on the Security page."), ("off", "Press **Disable** on the Security page.")
    await learn(
        library, "# Login codes\n\n" + "\n\n".join(f"## Turn login codes {way}\n\n{step}" for way, step in ways)
    )
    (quotation, *_) = (await quote_answer(library, f"How do I {asked} login codes?")).quotations
    assert quotation.text.startswith(told)


async def test_other_sections_that_may_answer_are_pointed_to(library: Library) -> None:
    for_systems = [f"# Exports on {system}\n\nAn export is kept for {days} days.\n" for system, days in SYSTEMS]
    await learn(library, *for_systems)
    answered = await quote_answer(library, "How long is an export kept on Windows or macOS?")
    assert answered.quotations
    assert 1 <= len(answered.see_also) <= 3
    assert not set(answered.see_also).intersection(quotation.number for quotation in answered.quotations)


SYSTEMS = [("Windows", 3), ("macOS", 4), ("Linux", 5), ("Android", 6), ("iOS", 7)]


async def test_pictures_questions_and_pointers_are_not_the_answer(library: Library) -> None:
    await learn(
        library,
        "# Exports\n\nHow long is an export kept?\n\nFor 48 hours, then it is erased.\n\n"
        "![How long an export is kept](e.png)\n\n"
        "For more information about how long an export is kept, see [Exports](exports.md).\n",
    )
    (quotation,) = (await quote_answer(library, "How long is an export kept?")).quotations
    assert quotation.key
    assert quotation.text[slice(*quotation.key)] == "For 48 hours, then it is erased."
    assert "e.png" not in quotation.text
    assert "For more information" not in quotation.text
