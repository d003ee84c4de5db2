"""However the text of several agents arrives, what is said is one linear answer."""

from collections.abc import Iterator

import pytest

from agents.graph.answer_stream import AnswerStream
from frontdesk.contracts.events import Event, Token
from tests.agents.evidence import agent

# An agent's id with what it says, or with None when it is done.
Act = tuple[str, str | None]

NAMES = {"a": "Ada", "b": "Bob", "c": "Cyd"}


class Stage:
    """An answer stream with its speakers, and the tokens it gave out."""

    def __init__(self, speakers: str) -> None:
        self.answer_stream = AnswerStream()
        self.tokens: list[Token] = []
        self.answer_stream.set_headings([agent(speaker, NAMES[speaker]) for speaker in speakers])

    def perform(self, *acts: Act) -> "Stage":
        for speaker, text in acts:
            if text is None:
                self.answer_stream.finish_agent(speaker, self._hear)
            else:
                self.answer_stream.write_text(speaker, text, self._hear)
        return self

    @property
    def text(self) -> str:
        return "".join(token.content for token in self.tokens)

    def _hear(self, event: Event) -> None:
        assert isinstance(event, Token)
        self.tokens.append(event)


def interleavings(*scripts: list[Act]) -> Iterator[list[Act]]:
    """Every order in which the acts of several speakers can arrive."""
    begun = [script for script in scripts if script]
    if not begun:
        yield []
    for script in begun:
        others = [other for other in begun if other is not script]
        for rest in interleavings(script[1:], *others):
            yield [script[0], *rest]


def script(speaker: str, *said: str) -> list[Act]:
    return [*((speaker, text) for text in said), (speaker, None)]


def test_one_agent_alone_is_streamed_without_a_heading() -> None:
    stage = Stage("a").perform(("a", "one "), ("a", "two"), ("a", None))
    assert stage.tokens == [Token(content="one ", agent="a"), Token(content="two", agent="a")]
    assert stage.answer_stream.text == "one two"


def test_the_first_speaker_streams_while_the_other_waits() -> None:
    stage = Stage("ab").perform(("b", "b1 "), ("a", "a1 "), ("b", "b2"), ("a", "a2"))
    assert stage.text == "**Bob**\n\nb1 b2"
    stage.perform(("b", None))
    assert stage.text == "**Bob**\n\nb1 b2\n\n**Ada**\n\na1 a2"


def test_who_waited_streams_from_then_on() -> None:
    stage = Stage("ab").perform(("a", "a1"), ("b", "b1 "), ("a", None), ("b", "b2 "))
    assert stage.text.endswith("**Bob**\n\nb1 b2 ")
    assert stage.perform(("b", "b3"), ("b", None)).text.endswith("b1 b2 b3")


def test_the_agent_that_streams_may_finish_last() -> None:
    stage = Stage("abc").perform(("a", "a1 "), ("b", "b1"), ("c", "c1"), ("c", None), ("b", None), ("a", "a2"))
    assert stage.text == "**Ada**\n\na1 a2"
    assert stage.perform(("a", None)).text == "**Ada**\n\na1 a2\n\n**Bob**\n\nb1\n\n**Cyd**\n\nc1"


def test_who_is_done_is_heard_before_who_still_speaks() -> None:
    stage = Stage("abc").perform(("a", "a1"), ("b", "b1 "), ("c", "c1"), ("c", None), ("a", None))
    assert stage.text == "**Ada**\n\na1\n\n**Cyd**\n\nc1\n\n**Bob**\n\nb1 "
    assert stage.perform(("b", "b2"), ("b", None)).text.endswith("b1 b2")


def test_a_third_agent_waits_for_the_second_that_streams() -> None:
    stage = Stage("abc").perform(("a", "a1"), ("b", "b1 "), ("a", None), ("c", "c1"), ("b", "b2"))
    assert "c1" not in stage.text
    assert stage.perform(("c", None)).text.endswith("b1 b2")
    assert stage.perform(("b", None)).text.endswith("b1 b2\n\n**Cyd**\n\nc1")


def test_an_agent_that_comes_after_all_others_are_done_is_heard_too() -> None:
    stage = Stage("ab").perform(("a", "a1"), ("a", None), ("b", "b1"), ("b", None))
    assert stage.text == "**Ada**\n\na1\n\n**Bob**\n\nb1"


def test_an_agent_that_says_nothing_leaves_no_heading_and_holds_nobody_up() -> None:
    assert Stage("ab").perform(("a", None), ("b", "b1"), ("b", None)).text == "**Bob**\n\nb1"
    assert Stage("ab").perform(("b", "b1"), ("a", None), ("b", None)).text == "**Bob**\n\nb1"
    assert Stage("ab").perform(("b", "b1"), ("b", None), ("a", None)).text == "**Bob**\n\nb1"
    assert Stage("ab").perform(("a", None), ("b", None)).tokens == []


@pytest.mark.parametrize("silent", [False, True])
def test_every_order_of_arrival_gives_one_section_per_agent(silent: bool) -> None:
    said = {"a": ["a1 ", "a2"], "b": ["b1 ", "b2"], "c": [] if silent else ["c1"]}
    scripts = [script(speaker, *texts) for speaker, texts in said.items()]
    for acts in interleavings(*scripts):
        stage = Stage("abc").perform(*acts)
        assert stage.answer_stream.text == stage.text
        expected = {f"**{NAMES[who]}**\n\n{''.join(texts)}" for who, texts in said.items() if texts}
        sections = ["**" + section for section in stage.text.removeprefix("**").split("\n\n**")]
        assert len(sections) == len(expected)
        assert set(sections) == expected
        assert sections[0].startswith(f"**{NAMES[next(who for who, text in acts if text)]}**")


def test_every_token_carries_the_agent_whose_section_it_is_in() -> None:
    said = {"a": ["a1 ", "a2"], "b": ["b1 ", "b2"]}
    for acts in interleavings(*(script(speaker, *texts) for speaker, texts in said.items())):
        stage = Stage("ab").perform(*acts)
        speakers = [token.agent for token in stage.tokens]
        assert speakers in (["a"] * 3 + ["b"] * 3, ["b"] * 3 + ["a"] * 3)


def test_the_text_of_the_agent_that_streams_is_sent_at_once() -> None:
    for acts in interleavings(script("a", "a1 ", "a2"), script("b", "b1 ", "b2")):
        stage, first = Stage("ab"), acts[0][0]
        for speaker, text in acts:
            stage.perform((speaker, text))
            if speaker == first and text:
                assert (stage.tokens[-1].content, stage.tokens[-1].agent) == (text, first)
