"""What the desk says in its own words, in every language."""

from dataclasses import fields

import pytest

from agents.answering import canned_replies
from agents.catalog import read_catalog
from agents.conversation.message_reading import MessageAct, MessageReading
from agents.conversation.wording import DeskWording
from agents.conversation.wordings.english import ENGLISH_WORDING
from agents.conversation.wordings.german import GERMAN_WORDING
from agents.conversation.wordings.lookup import WORDINGS, wording_of
from knowledge.text.detection import LANGUAGES
from tests.agents.evidence import evidence_of

AGENTS = read_catalog("customer_support").agents
SHARE = "How do I share a file with a client?"
ACTS: tuple[MessageAct, ...] = (
    "trouble", "anger", "help", "identity", "abilities", "wellbeing", "presence", "farewell", "thanks", "praise",
    "greeting", "agreement", "unclear",
)  # fmt: skip


def reply(act: MessageAct, earlier: tuple[str, ...] = (), last_answer: str = "", language: str = "en") -> str:
    return canned_replies.reply_to(MessageReading(act, language), earlier, last_answer, AGENTS)


def test_every_language_has_every_sentence_of_its_own() -> None:
    assert list(WORDINGS) == [language.code for language in LANGUAGES]
    for field in fields(DeskWording):
        sentences = [getattr(wording, field.name) for wording in WORDINGS.values()]
        assert all(sentences)
        assert len(set(sentences)) == len(sentences), field.name
    assert wording_of("xx") is ENGLISH_WORDING


@pytest.mark.parametrize("language", WORDINGS)
@pytest.mark.parametrize("act", ACTS)
def test_every_message_gets_a_reply_in_its_language(act: MessageAct, language: str) -> None:
    said = reply(act, language=language)
    assert said != (reply(act) if language != "en" else "")
    assert "{" not in said + reply(act, (SHARE,), "Open **Share**. [1]", language)


def test_the_first_greeting_names_what_can_be_asked() -> None:
    assert all(agent.name in reply("greeting") for agent in AGENTS)
    assert reply("greeting", (SHARE,)) == ENGLISH_WORDING.presence


def test_trouble_is_asked_back_about_what_was_asked_before() -> None:
    assert f"\u201c{SHARE}\u201d" in reply("trouble", (SHARE,))
    assert ENGLISH_WORDING.ask_back in reply("trouble")


def test_a_long_question_is_repeated_short_and_without_markers() -> None:
    said = reply("trouble", (f"{SHARE}\n\n[1] {'really ' * 200}",))
    assert "[1]" not in said
    assert len(said) < 500


def test_nobody_is_asked_back_twice_in_a_row() -> None:
    for language in WORDINGS:
        asked = reply("trouble", (SHARE,), language=language)
        wording = wording_of(language)
        assert reply("trouble", (SHARE,), asked, language) == f"{wording.give_up} {wording.offer}"


def test_what_is_unknown_is_said_with_one_offer_and_a_list_of_articles() -> None:
    excerpts = evidence_of("# Refunds\n\nPaid.\n", "# Invoices\n\nSent.\n").excerpts
    assert canned_replies.unknown(excerpts) == (
        "I couldn't find this in our help articles. Would you like to talk to a person?\n\n"
        "Related articles:\n\n- Refunds [1]\n- Invoices [2]"
    )
    assert canned_replies.unknown(()) == f"{ENGLISH_WORDING.unknown} {ENGLISH_WORDING.offer}"
    assert canned_replies.unknown((), MessageReading(language="de", complaint=True)) == (
        f"{GERMAN_WORDING.acknowledgement} {GERMAN_WORDING.unknown} {GERMAN_WORDING.offer}"
    )


def test_a_quotation_is_opened_in_the_visitors_language_alone() -> None:
    assert canned_replies.quotation_opening(MessageReading()) == ""
    complaint = MessageReading(complaint=True)
    assert canned_replies.quotation_opening(complaint) == f"{ENGLISH_WORDING.acknowledgement}\n\n"
    german = canned_replies.quotation_opening(MessageReading(language="de", complaint=True))
    assert german == f"{GERMAN_WORDING.acknowledgement}\n\n{GERMAN_WORDING.quotation}\n\n"


def test_the_desks_own_opening_is_told_from_the_quotation() -> None:
    for language in WORDINGS:
        opening = canned_replies.reduced_note(language) + canned_replies.quotation_opening(
            MessageReading(language=language, complaint=True)
        )
        assert canned_replies.own_opening(f"{opening}It costs 12 USD. [1]") == opening
    assert canned_replies.own_opening("It costs 12 USD. [1]") == ""


def test_who_asked_for_help_is_asked_what_is_wrong() -> None:
    assert ENGLISH_WORDING.ask_back in reply("trouble", (), reply("help"))
