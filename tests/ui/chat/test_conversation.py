"""What one page knows of one conversation."""

from typing import Any

from frontdesk.contracts.resources import Message
from ui.chat.conversation import MOST_WAITING, PageConversation, PageQuestion


def turn(run_id: str, role: str, status: str = "completed", content: str = "text") -> Message:
    return Message(
        id=f"{run_id}-{role}",
        run_id=run_id,
        role=role,
        content=content,
        created_at=1.0,
        status=status,
        finish_reason=None,
        error_code=None,
        feedback=None,
    )


def both(run_id: str, status: str = "completed") -> list[Message]:
    return [turn(run_id, "user", status, f"asked {run_id}"), turn(run_id, "assistant", status)]


def loaded(*turns: Message) -> PageConversation:
    talk = PageConversation("session")
    talk.load(turns)
    return talk


def runs(turns: list[Message]) -> list[str]:
    return list(dict.fromkeys(one.run_id for one in turns))


def test_nothing_is_asked_before_it_is_known_what_was_said() -> None:
    talk = PageConversation("session")
    talk.ask(PageQuestion("first"))
    assert talk.begin() is None
    talk.load([])
    assert talk.begin() == (PageQuestion("first"), "")


def test_questions_are_asked_one_after_the_other() -> None:
    talk = loaded()
    for text in ("first", "second"):
        talk.ask(PageQuestion(text))
    assert talk.begin() == (PageQuestion("first"), "")
    assert talk.begin() is None
    talk.end()
    assert talk.begin() == (PageQuestion("second"), "")
    talk.end()
    assert talk.begin() is None


def test_what_is_sent_before_the_page_says_what_it_shows_goes_along() -> None:
    unknown = PageConversation()
    unknown.ask(PageQuestion("early"))
    assert list(unknown.turned_to(PageConversation("session")).waiting) == [PageQuestion("early")]
    known = loaded()
    known.ask(PageQuestion("here"))
    assert not known.turned_to(PageConversation("other")).waiting


def test_asking_again_takes_the_place_of_the_last_run() -> None:
    talk = loaded(*both("one"), *both("two"))
    assert talk.asked == "asked two"
    talk.ask(PageQuestion("better", instead=True))
    assert talk.begin() == (PageQuestion("better", instead=True), "two")
    assert talk.run_id == ""


def test_nothing_takes_the_place_of_what_is_being_answered() -> None:
    talk = loaded(*both("one"))
    talk.ask(PageQuestion("next"))
    assert not talk.ask(PageQuestion("better", instead=True))
    talk.begin()
    assert not talk.ask(PageQuestion("better", instead=True))


def test_there_is_room_for_so_many_questions_and_no_more() -> None:
    talk = loaded()
    assert [talk.ask(PageQuestion("again")) for _ in range(MOST_WAITING + 1)] == [True] * MOST_WAITING + [False]


def test_text_that_was_told_stays_in_one_piece() -> None:
    talk = loaded()
    pieces: list[dict[str, Any]] = [
        {"op": "run", "run": "one"},
        {"op": "text", "text": "a "},
        {"op": "text", "text": "b"},
    ]
    for piece in pieces:
        talk.take([piece])
    assert talk.told == [pieces[0], {"op": "text", "text": "a b"}]
    assert talk.run_id == "one"
    assert pieces[1] == {"op": "text", "text": "a "}, "what was sent to the page is not changed"


def test_what_was_under_way_before_is_followed_in_its_order() -> None:
    talk = loaded(*both("one"), turn("two", "user", "in_progress", "second"), turn("three", "user", "queued", "third"))
    assert list(talk.waiting) == [PageQuestion("second", run_id="two"), PageQuestion("third", run_id="three")]
    talk.load([*both("one"), turn("two", "user", "in_progress", "second"), turn("three", "user", "queued", "third")])
    assert len(talk.waiting) == 2
    assert talk.begin() == (PageQuestion("second", run_id="two"), "")
    assert talk.run_id == "two"


def test_what_is_told_is_not_shown_as_stored_too() -> None:
    talk = loaded(*both("one"))
    talk.ask(PageQuestion("second"))
    talk.begin()
    talk.take([{"op": "run", "run": "two"}])
    assert runs(talk.load([*both("one"), *both("two")])) == ["one"]
    assert runs(talk.load([*both("one"), *both("two", "in_progress")])) == ["one"]


def test_a_whole_answer_that_is_stored_and_not_yet_told_is_not_shown_twice() -> None:
    talk = loaded(*both("one"))
    talk.ask(PageQuestion("second"))
    talk.begin()
    assert runs(talk.load([*both("one"), *both("two")])) == ["one"]
    assert runs(talk.load(both("one"))) == ["one"]
