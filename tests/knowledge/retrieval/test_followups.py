"""Questions that lean on the ones before them, and questions that stand alone."""

import pytest

from knowledge.retrieval.followups import context_for, leans_on_earlier

TWICE = "I was charged twice this month, how do I get my money back?"
UPLOADS = "Why does the upload API answer 413 for large files?"


@pytest.mark.parametrize(
    "question",
    [
        "and how long does that take?",
        "What about annual plans?",
        "How about the Team plan?",
        "what if I cancel?",
        "Or in Frankfurt?",
        "ok, but where?",
        "Which one is cheaper?",
        "Is it encrypted?",
        "Who approves that?",
        "How do I turn them off?",
        "How much?",
        "When?",
        "Why not?",
        "Really?",
        "Same for invoices?",
        "Does that cover damaged parcels abroad?",
        "How long for annual?",
        "For teams?",
    ],
)
def test_what_points_outside_itself_leans(question: str) -> None:
    assert leans_on_earlier(question)
    assert context_for(question, [TWICE]) == TWICE


@pytest.mark.parametrize(
    "question",
    [
        "Is there a cure for seasickness?",
        "Are there any limits on shared folders?",
        "Is it possible to export invoices?",
        TWICE,
        UPLOADS,
        "Where is customer data stored?",
        "How long do refunds for annual plans take?",
        "What does the Team plan cost per month?",
        "Android app crashes on start",
        "Do refunds cost extra?",
        "Does that cover damaged parcels sent abroad by courier?",
        "Orders above 500 seats need a contract",
        "My upload session expired before it was finished by the desktop client",
        "And does an administrator with read access see audit logs, invoices, exports, seats and deleted workspaces?",
    ],
)
def test_what_names_its_own_topic_stands_alone(question: str) -> None:
    assert not leans_on_earlier(question)
    assert context_for(question, [TWICE]) == ""


@pytest.mark.parametrize(
    "question",
    [
        "how long is the link valid?",
        "the code is always wrong",
        "we have the yearly plan",
        "I use google to sign in",
        "Do you know when the invoice was released?",
    ],
)
def test_what_speaks_of_something_as_known_or_only_states_something_keeps_the_subject(question: str) -> None:
    assert context_for(question, [TWICE]) == TWICE
    assert context_for("and why?", [TWICE, question]) == f"{TWICE} {question}"


@pytest.mark.parametrize(
    "question",
    ["Which is the largest plan?", "Where is the API described?", "Who is the head of the Audit Committee in Europe?"],
)
def test_a_name_or_a_superlative_is_nothing_known(question: str) -> None:
    assert context_for(question, [TWICE]) == ""


def test_the_answer_to_a_question_back_always_keeps_the_subject() -> None:
    answer = "Orders above 500 seats need a contract, says the upload page"
    assert context_for(answer, [TWICE]) == ""
    assert context_for(answer, [TWICE], is_reply=True) == TWICE


def test_without_earlier_turns_there_is_no_context() -> None:
    assert context_for("and how long does that take?", []) == ""


def test_only_the_last_full_question_is_taken() -> None:
    assert context_for("Is it encrypted?", [TWICE, UPLOADS]) == UPLOADS


def test_a_chain_of_follow_ups_goes_back_to_the_question_that_named_the_topic() -> None:
    chain = [TWICE, UPLOADS, "and how long?", "What about it?"]
    assert context_for("Why?", chain) == f"{UPLOADS} and how long? What about it?"


def test_a_chain_without_a_full_question_is_all_there_is() -> None:
    assert context_for("Why?", ["Really?", "When?"]) == "Really? When?"


@pytest.mark.parametrize("question", ["what about the price of the Business plan?", "ok and GDPR?"])
def test_a_new_subject_stands_alone(question: str) -> None:
    assert context_for(question, ["How do I verify a webhook signature?"]) == ""
