"""The pages that show the API: open to everybody as the description is, and of this desk's own files alone."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from backend.app import create_app
from backend.settings import Settings
from tests.backend.asking import keys

PAGES = ("/docs", "/redoc")
INLINE = re.compile(r"<script>(.+?)</script>", re.DOTALL)


@pytest.fixture(params=["", keys("ada")], ids=["open", "keyed"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application; these pages need no desk behind them."""
    app = create_app(Settings.model_construct(api_keys=SecretStr(request.param)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as opened:
        yield opened


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_may_load_and_run_what_the_desk_serves_and_nothing_else(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    scripts = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in INLINE.findall(page.text)]
    assert policy["script-src"].split() == ["'self'", *(f"'sha256-{digest}'" for digest in scripts)]
    assert (policy["default-src"], policy["connect-src"]) == ("'none'", "'self'")
    assert "http" not in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
async def test_what_a_page_names_is_there(client: httpx.AsyncClient, path: str) -> None:
    named = re.findall(r'(?:src|href|spec-url)="([^"]+)"', (await client.get(path)).text)
    assert len(named) >= 2
    for address in named:
        assert address.startswith("/")
        assert not address.startswith("//")
        assert (await client.get(address)).status_code == 200
