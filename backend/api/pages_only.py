"""What a process says of itself that serves the pages alone, for a desk elsewhere."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class PagesHealth(BaseModel):
    """The pages are served here, and no desk; that tells its own health. Where it is, is for operators to know."""

    status: Literal["ok"] = "ok"
    serves: Literal["pages"] = "pages"


@router.get("/health")
async def health() -> PagesHealth:
    """That the pages are served."""
    return PagesHealth()
