"""The conversation rules of the providers, checked on a request as it arrived."""

from typing import Any


def mistakes(body: dict[str, Any]) -> list[str]:
    """Return the violations in a request to OpenAI or to Bedrock's Converse; empty if they would accept it."""
    converse = isinstance(body["messages"][0]["content"], list)
    return _of_converse(body) if converse else _of_chat(body["messages"])


def _of_chat(messages: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    due: list[str] = []
    for place, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in due:
                found.append(f"{place}: a result of no call")
            else:
                due.remove(message["tool_call_id"])
            continue
        if due:
            found.append(f"{place}: calls without a result before it: {due}")
        due = [call["id"] for call in message.get("tool_calls") or []]
        if not (message["content"] or due):
            found.append(f"{place}: is empty")
        if message["role"] == "system" and place:
            found.append(f"{place}: instructions behind the beginning")
    return [*found, f"no result at the end: {due}"] if due else found


def _of_converse(body: dict[str, Any]) -> list[str]:
    found: list[str] = []
    due: list[str] = []
    for place, message in enumerate(body["messages"]):
        if message["role"] != ("user", "assistant")[place % 2]:
            found.append(f"{place}: roles do not alternate, beginning with the user")
        results = [block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block]
        if sorted(results) != sorted(due):
            found.append(f"{place}: results of {results} for calls {due}")
        due = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
        if not all(block["text"].strip() for block in message["content"] if "text" in block) or not message["content"]:
            found.append(f"{place}: is empty")
        if (due or results) and not body.get("toolConfig"):
            found.append(f"{place}: calls without tools")
    return [*found, f"no result at the end: {due}"] if due else found
