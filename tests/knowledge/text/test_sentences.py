"""Answers taken apart into statements, each with its place."""

import time
from itertools import pairwise

import pytest

from knowledge.text.sentences import breaks_sentence, ends_sentence, find_statements, split_paragraph


def said(text: str) -> list[str]:
    """What each statement says; each must stand where it is said to stand."""
    found = find_statements(text)
    for sentence in found:
        stands = text[sentence.start : sentence.end]
        assert stands == stands.strip()
        assert sentence.text.split()[0] in stands
    assert all(before.end <= after.start for before, after in pairwise(found))
    return [sentence.text for sentence in found]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("One thing. Another thing!", ["One thing.", "Another thing!"]),
        ("It takes 5 days [1]. See [2, 3]", ["It takes 5 days.", "See"]),
        ("It takes 5 days. [1] Then it ends. [2]", ["It takes 5 days.", "Then it ends."]),
        ("Use e.g. a card. Version 1.2.3 is old.", ["Use e.g. a card.", "Version 1.2.3 is old."]),
        ("Broken\nover lines. Next", ["Broken over lines.", "Next"]),
        ("# Heading\n\n**Billing**\n\nText.", ["Text."]),
        ("1. Open **Settings**.\n2. Write.\n- Or call", ["Open **Settings**.", "Write.", "Or call"]),
        ("| Plan | Price |\n| --- | --- |\n| Team | 12 USD |", ["| Plan | Price |", "| Team | 12 USD |"]),
        ("```sh\n# not a heading\nrun it\n```\nDone.", ["# not a heading", "run it", "Done."]),
        ("> Quoted. Twice.", ["Quoted.", "Twice."]),
        ("It is annual. $12 is due. €9 is not.", ["It is annual.", "$12 is due.", "€9 is not."]),
        ("We use plan B. The price is 5.", ["We use plan B.", "The price is 5."]),
        ("Colin P. Kelly wrote it. J. R. Moe read it.", ["Colin P. Kelly wrote it.", "J. R. Moe read it."]),
        ("[1]\n\n---\n\n* * *", []),
        ("", []),
    ],
)
def test_statements_of_a_text(text: str, statements: list[str]) -> None:
    assert said(text) == statements


@pytest.mark.parametrize("piece", ["[1]", "*", "> ", "`", "| ", "1. ", "a. ", "A. ", "\n", "**", "- - "])
def test_long_runs_of_markup_are_read_at_once(piece: str) -> None:
    text = piece * 20_000
    # Whatever else the machine does meanwhile; who looks back to the beginning at each step takes many times as long.
    begun = time.process_time()
    found = find_statements(text)
    assert time.process_time() - begun < 0.5
    assert len(found) == {"1. ": 10_000, "a. ": 1, "A. ": 1}.get(piece, 0)


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("A line\nthat wraps. And   more.", ["A line\nthat wraps.", "And   more."]),
        ("Press **Save.** Then wait… «Fin.» Go.", ["Press **Save.**", "Then wait…", "«Fin.»", "Go."]),
        ("It costs 5 USD. [1] It is due [2]. Then", ["It costs 5 USD. [1]", "It is due [2].", "Then"]),
        ("Listed under **? > Requests**. Or **... > Lock**.", ["Listed under **? > Requests**.", "Or **... > Lock**."]),
        (
            "By J. Smith of the U.S. Army. You can't. Run chmod o-w. Done.",
            ["By J. Smith of the U.S. Army.", "You can't.", "Run chmod o-w.", "Done."],
        ),
        ("See No. 5. The answer is no. Then wait.", ["See No. 5.", "The answer is no.", "Then wait."]),
        ("It costs 5.50 USD. Really.", ["It costs 5.50 USD.", "Really."]),
        ("Use v2.1.0 of api.example.com. It works.", ["Use v2.1.0 of api.example.com.", "It works."]),
        ("It takes 5 days. 10 at most.", ["It takes 5 days.", "10 at most."]),
        ("Open **Settings**. **Save** it. `Run` it.", ["Open **Settings**.", "**Save** it.", "`Run` it."]),
        ("See [1]. [Then] go. (Not now.)", ["See [1].", "[Then] go.", "(Not now.)"]),
        ("it ends. but not here", ["it ends. but not here"]),
        ("Tryck på Spara. Öppna menyn. Ändra namnet.", ["Tryck på Spara.", "Öppna menyn.", "Ändra namnet."]),
        ("C'est prêt. Économisez. «Oui.» Fin.", ["C'est prêt.", "Économisez.", "«Oui.»", "Fin."]),
        ("Está listo. ¿Cómo sigo? ¡Así! Élija.", ["Está listo.", "¿Cómo sigo?", "¡Así!", "Élija."]),
        ("Нажмите OK. Ждите. «Готово».", ["Нажмите OK.", "Ждите.", "«Готово»."]),
        ("Nicht so. über das Menü. Über uns.", ["Nicht so. über das Menü.", "Über uns."]),
        ("", []),
        ("  \n ", ["  \n "]),
    ],
)
def test_a_paragraph_comes_apart_into_its_sentences(paragraph: str, expected: list[str]) -> None:
    assert split_paragraph(paragraph) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Pay by card, e.g. Visa, or by transfer.",
        "Write to Dr. Smith or Mrs. Jones.",
        "Some plans, i.e. Team and up, have it.",
        "It is made by Acme Inc. Berlin for Beta Ltd. London.",
        "Compare Starter vs. Team.",
        "Prices (approx. 5 USD) incl. VAT.",
        "See St. Gallen etc. Bern too.",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(sentence: str) -> None:
    assert split_paragraph(f"Before. {sentence} After.") == ["Before.", sentence, "After."]


def test_a_word_that_only_ends_like_an_abbreviation_ends_its_sentence() -> None:
    assert split_paragraph("Read the manifest. Then go. It is a vetc. Yes.") == [
        "Read the manifest.",
        "Then go.",
        "It is a vetc.",
        "Yes.",
    ]


@pytest.mark.parametrize(
    "text", ['Press "Save." Then wait.', "Ask us. (We answer.) Then wait.", "Press 'Go!' Then wait."]
)
def test_sentences_lose_nothing(text: str) -> None:
    assert " ".join(split_paragraph(text)) == text
    assert len(split_paragraph(text)) >= 2


@pytest.mark.parametrize("gap", [". ", "? ", ": ", '." ', "!) ", "… - "])
def test_a_sentence_ends_between_two_words(gap: str) -> None:
    assert breaks_sentence(gap)


@pytest.mark.parametrize("gap", [" ", ", ", ".", " - ", " (", "; ", "\n"])
def test_a_sentence_goes_on_between_two_words(gap: str) -> None:
    assert not breaks_sentence(gap)


def test_a_line_that_ends_a_sentence_is_told_from_one_that_goes_on() -> None:
    ended = ["It works.", "Really?", 'He said "no."', "(See there.)", "Choose one:", "Wait…"]
    assert all(map(ends_sentence, ended))
    assert not any(map(ends_sentence, ["", "It works. And", "1.5 GB", "a, b,", "https://example.com"]))
