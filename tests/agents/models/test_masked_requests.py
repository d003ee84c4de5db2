"""What reaches a cloud's model holds no personal data, and what it answers has it again: over the real protocols."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from agents.models.model_name import parse_model
from agents.models.streaming_call import ModelRequest
from tests.agents.models.upstream import Upstream, hear
from tests.agents.privacy.secrets import ALL, CARD, EMAIL, IBAN, OTHER_EMAIL, PHONE, shown
from tests.providers.script import Called

MASKING: dict[str, Any] = {"mask_personal_data": "cloud"}
TOOL = {
    "type": "function",
    "function": {
        "name": "search_documents",
        "description": f"Ask {OTHER_EMAIL} first.",
        "parameters": {"type": "object", "properties": {"query": {"type": "string", "description": f"as {PHONE}"}}},
    },
}
CALLED = {
    "id": "call_17",
    "name": "search_documents",
    "args": {"query": EMAIL, "deep": [{"card": int(CARD.replace(" ", ""))}]},
}
CONVERSATION: list[AnyMessage] = [
    SystemMessage(f"You answer. Evidence: {IBAN}."),
    HumanMessage(f"I am {EMAIL}, {PHONE}."),
    AIMessage(f"Hello {EMAIL}.", tool_calls=[CALLED]),
    ToolMessage(json.dumps({"mail": OTHER_EMAIL, "card": CARD}), tool_call_id="call_17"),
    HumanMessage(f"And {EMAIL.upper()}?"),
]


def texts(body: Any) -> list[str]:
    """What the messages say, system prompt first, for either provider."""
    said = [part["text"] for part in body.get("system", []) if "text" in part]
    for message in body["messages"]:
        content = message["content"] or ""
        said += [content] if isinstance(content, str) else [part.get("text", "") for part in content]
    return said


async def test_no_value_of_a_conversation_reaches_the_provider(upstream: Upstream) -> None:
    told: list[str] = []
    ask = ModelRequest(CONVERSATION, tools=[TOOL], on_masked=told.append)
    heard = await hear(upstream.model(**MASKING), ask)
    assert heard.failure is None
    (request,) = upstream.chats
    assert shown([request]) == set()
    said = "\n".join(texts(request.body))
    # The same value, also in capitals, is the same placeholder; values count in their order.
    assert "I am [EMAIL_1], [PHONE_1]." in said
    assert "Hello [EMAIL_1]." in said
    assert "And [EMAIL_1]?" in said
    assert "Evidence: [BANK_1]." in said
    assert '"query": "[EMAIL_1]"' in json.dumps(request.body).replace('\\"', '"')
    assert "[EMAIL_2]" in json.dumps(request.body)
    assert "write the placeholder exactly as it is" in texts(request.body)[0]
    assert told == ["masked: 2 email, 1 phone, 1 card, 1 bank"]
    # What the caller holds is as it was.
    assert CONVERSATION[1].text == f"I am {EMAIL}, {PHONE}."


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
async def test_the_answer_has_them_again_however_it_is_cut(upstream: Upstream, size: int) -> None:
    answer = "Write to [EMAIL_1] or **EMAIL_2**, call [phone 1], pay [CARD_1] from \\[BANK\\_1\\]. [EMAIL_9] [1]"
    upstream.play(tuple(answer[at : at + size] for at in range(0, len(answer), size)))
    heard = await hear(upstream.model(**MASKING), ModelRequest(CONVERSATION))
    assert heard.failure is None
    # As it was written first.
    card = CARD.replace(" ", "")
    assert heard.text == f"Write to {EMAIL} or **{OTHER_EMAIL}**, call {PHONE}, pay {card} from {IBAN}. [EMAIL_9] [1]"


async def test_calls_have_them_again_and_several_calls_are_kept_apart(upstream: Upstream) -> None:
    calls = [Called("search_documents", json.dumps({"query": f"who is [{name}_1]?"})) for name in ("EMAIL", "PHONE")]
    upstream.play(("See [EMAIL_1", "]."), calls=tuple(calls))
    heard = await hear(upstream.model(**MASKING), ModelRequest(CONVERSATION, tools=[TOOL]))
    arguments = ["", ""]
    for piece in heard.pieces:
        for part in piece.calls:
            arguments[part.index] += part.arguments
    assert [json.loads(each)["query"] for each in arguments] == [f"who is {EMAIL}?", f"who is {PHONE}?"]
    assert heard.text == f"See {EMAIL}."


async def test_a_form_that_is_filled_in_has_them_again(upstream: Upstream) -> None:
    upstream.play(tool_input={"query": "[EMAIL_1]"})
    heard = await hear(upstream.model(**MASKING), ModelRequest(CONVERSATION[:2], tool=TOOL, whole=True))
    assert shown(upstream.chats) == set()
    assert json.loads("".join(piece.arguments for piece in heard.pieces)) == {"query": EMAIL}


async def test_a_placeholder_that_somebody_writes_is_not_taken_for_another(upstream: Upstream) -> None:
    upstream.play(("[EMAIL_1] is yours, [EMAIL_3] is theirs, [email_2] too",))
    asked = [HumanMessage(f"I am [EMAIL_1], or (email_2); they are {EMAIL}.")]
    heard = await hear(upstream.model(**MASKING), ModelRequest(asked))
    assert texts(upstream.chats[0].body)[-1] == "I am [EMAIL_1], or (email_2); they are [EMAIL_3]."
    assert heard.text == f"[EMAIL_1] is yours, {EMAIL} is theirs, [email_2] too"


async def test_a_conversation_that_grows_keeps_its_placeholders(upstream: Upstream) -> None:
    """What a provider has cached of the beginning stays valid."""
    model = upstream.model(**MASKING)
    for size in (2, 4, 5):
        await hear(model, ModelRequest(CONVERSATION[:size], tools=[TOOL]))
    short, longer, whole = (texts(request.body) for request in upstream.chats)
    assert longer[: len(short)] == short
    assert whole[: len(longer)] == longer


async def test_nothing_changes_where_nothing_is_masked(upstream: Upstream) -> None:
    ask = ModelRequest([SystemMessage("You answer."), HumanMessage("Order 1234567890, [EMAIL_1]?")])
    for settings in ({}, MASKING):
        await hear(upstream.model(**settings), ask)
    first, second = upstream.chats
    assert first.body == second.body
    await hear(upstream.model(), ModelRequest(CONVERSATION, tools=[TOOL]))
    assert shown(upstream.chats[2:]) == set(ALL)


async def test_a_server_of_ones_own_is_shown_everything(own: Upstream) -> None:
    await hear(own.model(**MASKING), ModelRequest(CONVERSATION))
    assert shown(own.chats) == set(ALL)


@pytest.mark.parametrize(
    ("name", "cloud"),
    {
        "embedded": False,
        "bedrock:us.amazon.nova-lite-v1:0": True,
        "openai:gpt-4o-mini": True,
        **dict.fromkeys(
            [
                f"openai-compatible:m@http://{host}/v1"
                for host in """
                127.0.0.1:8080 localhost:11434 [::1]:8080 10.1.2.3 192.168.1.7:8000 172.20.0.2 169.254.1.1 100.64.1.2
                [fd00::1] [fe80::1] vllm:8000 gpu.local llm.corp.internal models.lan host.docker.internal 0.0.0.0
                2130706433 0x7f000001 127.1 localhost. [::ffff:10.0.0.1]
                """.split()
            ],
            False,
        ),
        **dict.fromkeys(
            [
                f"openai-compatible:m@https://{host}/v1"
                for host in """
                api.example.com 8.8.8.8 [2001:4860:4860::8888] localhost.example.com 134744072 0x08080808 8.8.2056
                [::ffff:8.8.8.8] internal.example.com 127.0.0.1.example.com local.dev api.example.com. api。example。com
                """.split()
            ],
            True,
        ),
    }.items(),
)
def test_what_is_a_cloud(name: str, cloud: bool) -> None:
    assert parse_model(name).is_cloud is cloud
