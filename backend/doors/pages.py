"""What a process says of itself that serves the pages alone, for a desk elsewhere."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

router = APIRouter(tags=["health"])


class PagesHealth(BaseModel):
    """The pages are served here, and no desk; that is reached at `desk`, and tells its own health."""

    status: Literal["ok"] = "ok"
    serves: Literal["pages"] = "pages"
    desk: str


@router.get("/health")
async def health(request: Request) -> PagesHealth:
    """That the pages are served, and of which desk they are."""
    return PagesHealth(desk=request.app.state.elsewhere)
