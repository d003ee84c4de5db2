"""What documents may say instead of a question's words."""

import pytest

from knowledge.index.alternatives import acronyms_in, alternatives_of
from knowledge.index.vocabulary import Vocabulary
from knowledge.text.words import words

DOCUMENTS = Vocabulary({}, acronyms={"dpa": frozenset({("data", "process", "agreement")})})


def alternatives(question: str) -> dict[str, set[tuple[str, ...]]]:
    return {stem: found for stem, found in alternatives_of(words(question), [DOCUMENTS]).items() if found}


@pytest.mark.parametrize(
    ("question", "stem", "instead"),
    [
        ("How do I sign in?", "sign", "login"),
        ("turn reminders on", "turn", "enabl"),
        ("How do I delete a file?", "delet", "remov"),
        ("my cell phone", "phone", "mobil"),
        ("Where are the invoices?", "invoic", "bill"),
        ("we use MFA", "mfa", "2fa"),
        ("two-factor sign-in", "factor", "mfa"),
    ],
)
def test_plain_words_have_equivalents(question: str, stem: str, instead: str) -> None:
    assert (instead,) in alternatives(question)[stem]


@pytest.mark.parametrize(
    ("question", "opposites"),
    [
        ("How do I turn it off?", {("enabl",), ("activ",), ("turn",)}),
        ("How do I enable it?", {("disabl",), ("deactiv",), ("turn",)}),
        ("How do I remove a member?", {("add",), ("invit",)}),
        ("How do I sign out?", {("login",), ("log",)}),
    ],
)
def test_no_alternative_is_the_opposite(question: str, opposites: set[tuple[str, ...]]) -> None:
    assert not opposites & {phrase for found in alternatives(question).values() for phrase in found}


def test_an_acronym_and_its_phrase_stand_for_each_other() -> None:
    assert alternatives("Do we sign a DPA?")["dpa"] == {("data", "process", "agreement")}
    assert ("dpa",) in alternatives("Is there a data processing agreement?")["process"]
    assert "process" not in alternatives("Is there data processing?")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Use two-factor authentication (2FA).", [("2fa", ("two", "factor", "authent"))]),
        ("With multi-factor authentication (MFA) on", [("mfa", ("multi", "factor", "authent"))]),
        ("SLAs (service level agreement) are", [("sla", ("servic", "level", "agreement"))]),
        ("Value added tax (VAT) and (IBAN)", [("vat", ("valu", "ad", "tax"))]),
        ("the button (OK) and (see the NOTE)", []),
        ("in 2024 (12) months", []),
        ("(" * 500 + "AB" * 500, []),
    ],
)
def test_acronyms_are_learnt_where_a_text_explains_them(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert list(acronyms_in(text)) == found
