"""The health endpoint of a process that only serves the pages of a desk elsewhere."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class PagesHealth(BaseModel):
    """The health of a process that only serves pages; the desk, whose address is for operators, tells its own."""

    status: Literal["ok"] = "ok"
    serves: Literal["pages"] = "pages"


@router.get("/health")
async def health() -> PagesHealth:
    """Report that the pages are served."""
    return PagesHealth()
