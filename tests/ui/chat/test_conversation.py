"""What one page knows of one conversation."""

from frontdesk.contracts.resources import Message
from ui.chat.conversation import MOST_QUEUED, PageConversation, PageQuestion
from ui.chat.operations import RunIdentified, TextAdded, TranscriptOp


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
    conversation = PageConversation("session")
    conversation.load_messages(turns)
    return conversation


def runs(turns: list[Message]) -> list[str]:
    return list(dict.fromkeys(one.run_id for one in turns))


def test_nothing_is_asked_before_it_is_known_what_was_said() -> None:
    conversation = PageConversation("session")
    conversation.enqueue(PageQuestion("first"))
    assert conversation.start_next() is None
    conversation.load_messages([])
    assert conversation.start_next() == (PageQuestion("first"), "")


def test_questions_are_asked_one_after_the_other() -> None:
    conversation = loaded()
    for text in ("first", "second"):
        conversation.enqueue(PageQuestion(text))
    assert conversation.start_next() == (PageQuestion("first"), "")
    assert conversation.start_next() is None
    conversation.end_answer()
    assert conversation.start_next() == (PageQuestion("second"), "")
    conversation.end_answer()
    assert conversation.start_next() is None


def test_what_is_sent_before_the_page_says_what_it_shows_goes_along() -> None:
    unknown = PageConversation()
    unknown.enqueue(PageQuestion("early"))
    assert list(unknown.pass_queue_to(PageConversation("session")).queue) == [PageQuestion("early")]
    known = loaded()
    known.enqueue(PageQuestion("here"))
    assert not known.pass_queue_to(PageConversation("other")).queue


def test_asking_again_takes_the_place_of_the_last_run() -> None:
    conversation = loaded(*both("one"), *both("two"))
    assert conversation.last_question == "asked two"
    conversation.enqueue(PageQuestion("better", replaces_last=True))
    assert conversation.start_next() == (PageQuestion("better", replaces_last=True), "two")
    assert conversation.run_id == ""


def test_nothing_takes_the_place_of_what_is_being_answered() -> None:
    conversation = loaded(*both("one"))
    conversation.enqueue(PageQuestion("next"))
    assert not conversation.enqueue(PageQuestion("better", replaces_last=True))
    conversation.start_next()
    assert not conversation.enqueue(PageQuestion("better", replaces_last=True))


def test_there_is_room_for_so_many_questions_and_no_more() -> None:
    conversation = loaded()
    assert [conversation.enqueue(PageQuestion("again")) for _ in range(MOST_QUEUED + 1)] == [True] * MOST_QUEUED + [
        False
    ]


def test_text_that_was_told_stays_in_one_piece() -> None:
    conversation = loaded()
    pieces: list[TranscriptOp] = [RunIdentified("one"), TextAdded("a "), TextAdded("b")]
    for piece in pieces:
        conversation.record_ops([piece])
    assert conversation.answer_ops == [pieces[0], TextAdded("a b")]
    assert conversation.run_id == "one"


def test_what_was_under_way_before_is_followed_in_its_order() -> None:
    conversation = loaded(
        *both("one"), turn("two", "user", "in_progress", "second"), turn("three", "user", "queued", "third")
    )
    assert list(conversation.queue) == [PageQuestion("second", run_id="two"), PageQuestion("third", run_id="three")]
    conversation.load_messages(
        [*both("one"), turn("two", "user", "in_progress", "second"), turn("three", "user", "queued", "third")]
    )
    assert len(conversation.queue) == 2
    assert conversation.start_next() == (PageQuestion("second", run_id="two"), "")
    assert conversation.run_id == "two"


def test_what_is_told_is_not_shown_as_stored_too() -> None:
    conversation = loaded(*both("one"))
    conversation.enqueue(PageQuestion("second"))
    conversation.start_next()
    conversation.record_ops([RunIdentified("two")])
    assert runs(conversation.load_messages([*both("one"), *both("two")])) == ["one"]
    assert runs(conversation.load_messages([*both("one"), *both("two", "in_progress")])) == ["one"]


def test_a_whole_answer_that_is_stored_and_not_yet_told_is_not_shown_twice() -> None:
    conversation = loaded(*both("one"))
    conversation.enqueue(PageQuestion("second"))
    conversation.start_next()
    assert runs(conversation.load_messages([*both("one"), *both("two")])) == ["one"]
    assert runs(conversation.load_messages(both("one"))) == ["one"]
