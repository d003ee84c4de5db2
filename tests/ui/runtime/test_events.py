"""What one page asks for at once: it waits for room, is worked on, and is forgotten."""

import asyncio
import json
from typing import Any, cast

import pytest
from reflex.istate.manager.token import BaseStateToken

from tests.backend.http.page_socket import event, handler
from ui.app import app
from ui.runtime import events
from ui.runtime.events import PageEvents
from ui.state.chat import Chat

PAGE, SID = "page", "socket"
# In memory each is larger than half of what one page may have under way: two bytes a character.
LARGE = [letter + "\u0436" * 20_000 for letter in "abc"]


async def test_large_events_wait_for_each_other_and_all_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_PATIENCE_SECONDS", 60)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    namespace = cast(PageEvents, app.event_namespace)
    namespace._token_manager.sid_to_token[SID] = PAGE
    namespace._static_router_data[SID] = {}
    assert app._state
    token = BaseStateToken(ident=PAGE, cls=app._state)
    try:
        with app._registration_context:
            async with app._setup_event_processor():
                async with app.state_manager.modify_state(token):
                    # The first is under way until the page's state is free; the others wait for room.
                    sent = [asyncio.create_task(namespace.on_event(SID, asked(text))) for text in LARGE]
                    await sent[0]
                    under_way = namespace._under_way[PAGE]
                    assert (under_way.events, [each.done() for each in sent]) == (1, [True, False, False])
                await asyncio.gather(*sent)
                assert faults == []
                while under_way.events:
                    await under_way.ended.wait()
                    under_way.ended.clear()
                state = await app.state_manager.get_state(token)
                chat = await state.get_state(Chat)
                assert sorted(question.text for question in chat.conversation.queue) == LARGE
        assert (under_way.events, under_way.bytes) == (0, 0)
        del under_way
        assert PAGE not in namespace._under_way
        assert faults == []
    finally:
        del namespace._token_manager.sid_to_token[SID], namespace._static_router_data[SID]


def asked(text: str) -> dict[str, Any]:
    """The event of a question."""
    frame = event(handler("chat", "ask_suggested"), message=text)
    return dict(json.loads(frame.partition(",")[2])[1])
