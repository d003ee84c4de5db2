"""What several doors need: the desk itself, handed over by the application."""

from typing import Annotated

from fastapi import Depends, Request

from backend.desk import Desk


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101 - the lifespan sets it before the first request
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]
