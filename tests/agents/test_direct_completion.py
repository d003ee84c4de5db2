"""A conversation as providers take it, whatever its caller has put together."""

from typing import Any

import pytest
from langchain_aws.chat_models.bedrock_converse import _messages_to_bedrock
from langchain_openai.chat_models.base import _convert_message_to_dict
from pydantic import ValidationError

from agents.direct_completion import ChatMessage, messages_of, stray_results
from frontdesk.contracts.llm import CalledTool
from tests.providers.strict import mistakes

A, B = (CalledTool(id=name, name="look", arguments='{"at": 1}') for name in "ab")
HELLO = ChatMessage(role="user", content="Hello")
HI = ChatMessage(role="assistant", content="Hi")
CALLS = ChatMessage(role="assistant", tool_calls=[A, B])


def result(call_id: str) -> ChatMessage:
    return ChatMessage(role="tool", content="found", tool_call_id=call_id)


CONVERSATIONS = {
    "whole": [HELLO, CALLS, result("a"), result("b"), HELLO],
    "results in another order": [HELLO, CALLS, result("b"), result("a")],
    "no results": [HELLO, CALLS, HELLO],
    "one result": [HELLO, CALLS, result("b"), HELLO],
    "one result at the end": [HELLO, CALLS, result("a")],
    "a result twice": [HELLO, CALLS, result("a"), result("a"), HELLO],
    "a result of no call": [HELLO, result("c"), HI, HELLO],
    "a result after its time": [HELLO, CALLS, HELLO, result("a")],
    "calls twice": [HELLO, CALLS, result("a"), CALLS, result("a"), result("b")],
    "one id for two calls": [HELLO, ChatMessage(role="assistant", tool_calls=[A, A]), result("a"), HELLO],
    "the assistant first": [HI, HELLO],
    "its calls forgotten": [result("a"), result("b"), HI, HELLO],
    "two in a row": [HELLO, HELLO, HI, HI, HELLO],
    "instructions in between": [HELLO, HI, ChatMessage(role="system", content="Be brief."), HELLO],
}


@pytest.mark.parametrize("said", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_no_provider_would_refuse_it(said: list[ChatMessage]) -> None:
    messages = messages_of(said)
    converse, _ = _messages_to_bedrock(list(messages))
    assert mistakes({"messages": [_convert_message_to_dict(message) for message in messages]}) == []
    assert mistakes({"messages": converse, "toolConfig": "given"}) == []


def test_what_has_no_result_says_so_and_what_has_one_keeps_it() -> None:
    messages = messages_of(CONVERSATIONS["one result"])
    assert [message.text for message in messages] == ["Hello", "", "found", "(no result)", "Hello"]


def test_the_last_instructions_hold() -> None:
    old, new = (ChatMessage(role="system", content=text) for text in ("Be brief.", "Be long."))
    assert [message.text for message in messages_of([old, HELLO, HI, new, HELLO])] == [
        "Be long.",
        "Hello",
        "Hi",
        "Hello",
    ]


@pytest.mark.parametrize(
    ("name", "lost"),
    [("whole", []), ("a result twice", [3]), ("a result of no call", [1]), ("a result after its time", [3])],
)
def test_results_of_no_open_call_are_found(name: str, lost: list[int]) -> None:
    assert stray_results(CONVERSATIONS[name]) == lost


@pytest.mark.parametrize(
    "said",
    [
        {"role": "user"},
        {"role": "user", "content": " "},
        {"role": "assistant", "content": ""},
        {"role": "tool", "content": "found"},
        {"role": "user", "content": "x", "tool_calls": [A]},
        {"role": "narrator", "content": "x"},
    ],
)
def test_a_message_that_says_nothing_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatMessage(**said)
