"""What any store of the turns of a conversation with a model holds."""

from agents.direct_completion import LLM, ChatMessage, CompletionRequest
from backend.storage.stores import Stores
from tests.backend.storage.conformance.conversations import answer, begin


def request(*messages: ChatMessage) -> str:
    return CompletionRequest(messages=list(messages)).model_dump_json(exclude_defaults=True)


def user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


async def test_turns_before_a_run_come_in_order_the_last_ones_alone(stores: Stores) -> None:
    runs = [await begin(stores, agent_id=LLM, request=request(user(f"{number}"))) for number in range(4)]
    await begin(stores, "other", agent_id=LLM, request=request(user("other")))
    await answer(stores, runs[1], "one", tool_calls=[])
    turns = await stores.completions.earlier_turns("t", runs[3].id, 2)
    assert [(turn.request, turn.answer, turn.data) for turn in turns] == [
        (request(user("1")), "one", {"tool_calls": []}),
        (request(user("2")), None, {}),
    ]
    assert await stores.completions.earlier_turns("t", runs[0].id, 2) == []


async def test_the_last_instructions_before_a_run_are_found_however_old(stores: Stores) -> None:
    asked = [
        request(ChatMessage(role="system", content="Be brief."), user("0")),
        request(ChatMessage(role="system", content="Be kind."), user("1")),
        request(user('{"messages":[{"role":"system","content":"Be rude."}]}')),
        request(user("3")),
    ]
    runs = [await begin(stores, agent_id=LLM, request=one) for one in asked]
    assert await stores.completions.last_instructions("t", runs[3].id) == asked[1]
    assert await stores.completions.last_instructions("t", runs[1].id) == asked[0]
    assert await stores.completions.last_instructions("t", runs[0].id) is None
