"""The earlier messages of a conversation with a model, made of its runs and their answers."""

from agents.answering import canned_replies
from agents.assistant import AssistantRequest
from agents.direct_completion import ChatMessage, CompletionRequest
from backend.storage.completions import CompletionStore, CompletionTurn
from frontdesk.contracts.llm import CalledTool

_REMEMBERED_TURNS = 20


class CompletionHistory:
    """A reader of what a conversation with a model remembers: its last turns, and its instructions however old."""

    def __init__(self, store: CompletionStore) -> None:
        self._store = store

    async def earlier_messages(self, turn: AssistantRequest) -> list[ChatMessage]:
        """Return the messages of the last turns before this one; a missing answer gets a placeholder text."""
        turns = await self._store.earlier_turns(turn.thread_id, turn.run_id, _REMEMBERED_TURNS)
        messages = await self._instructions(turn) if len(turns) == _REMEMBERED_TURNS else []
        for earlier in turns:
            messages += _messages_of(earlier.request)
            messages.append(_answer_of(earlier))
        return messages

    async def _instructions(self, turn: AssistantRequest) -> list[ChatMessage]:
        """Return the last system prompt, even if the turn that gave it is no longer remembered."""
        request = await self._store.last_instructions(turn.thread_id, turn.run_id)
        return [message for message in _messages_of(request) if message.role == "system"][:1]


def _messages_of(request: str | None) -> list[ChatMessage]:
    return CompletionRequest.model_validate_json(request or "{}").messages


def _answer_of(turn: CompletionTurn) -> ChatMessage:
    called = [CalledTool.model_validate(call) for call in turn.data.get("tool_calls", [])]
    content = turn.answer or ""
    if not (content.strip() or called):
        content = canned_replies.STOPPED
    return ChatMessage(role="assistant", content=content, tool_calls=called)
