"""What several agents add to their texts has its place in the whole answer."""

from agents.answering.whole_answer import highlights_of, place_answers, see_also_of
from agents.graph.state import WorkerAnswer


def answer(text: str, see_also: list[int] | None = None, *highlights: list[int]) -> WorkerAnswer:
    told = WorkerAnswer(agent="a", text=text, finish_reason="stop", kept=[], reduced=False, last_number=9)
    if see_also is not None:
        told["see_also"], told["highlights"] = see_also, list(highlights)
    return told


def test_marks_are_where_their_agents_text_is() -> None:
    # What one agent says stands within what the other says, too.
    short, long = answer("No. 🎈", [], [0, 3]), answer("Well: No. 🎈 Never.", [], [12, 18])
    whole = "**B**\n\nWell: No. 🎈 Never.\n\n**A**\n\nNo. 🎈"
    for answers in ([short, long], [long, short]):
        marks = highlights_of(place_answers(whole, answers))
        assert [whole[mark.start : mark.end] for mark in marks] == ["Never.", "No."]
        assert [mark.start for mark in marks] == [19, whole.rindex("No.")]


def test_each_agent_has_its_turn_among_the_sections_to_see() -> None:
    first, second, none = answer("One.", [2, 3, 4]), answer("Two.", [6, 2]), answer("Three.")
    placed = place_answers("Two. One. Three.", [first, none, second])
    assert see_also_of(placed) == [6, 2, 3]
    assert see_also_of(place_answers("Three.", [none])) == []


def test_what_is_not_in_the_answer_adds_nothing() -> None:
    withdrawn = answer("Gone.", [1], [0, 5])
    placed = place_answers("Here.", [withdrawn, answer("", [2], [0, 0])])
    assert (placed, see_also_of(placed), highlights_of(placed)) == ([], [], [])
