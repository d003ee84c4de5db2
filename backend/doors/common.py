"""What several doors need: the desk itself, handed over by the application, and the check of what a user writes."""

from typing import Annotated

from fastapi import Depends, Request

from backend.desk import Desk
from backend.errors import MessageInvalid


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101 - the lifespan sets it before the first request
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]


def checked_message(text: str, limit: int) -> str:
    """What the user asks, without the space around it; `MessageInvalid` where it cannot be asked."""
    message = text.strip()
    if not message:
        raise MessageInvalid("The message is empty; write a question.")
    if len(message) > limit:
        raise MessageInvalid(f"The message has {len(message):,} characters; the limit is {limit:,}.")
    if "\x00" in message or (not message.isascii() and message.encode("utf-8", "ignore").decode() != message):
        raise MessageInvalid("The message holds characters that are not text.")
    return message
