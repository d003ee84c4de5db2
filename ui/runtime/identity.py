"""The identity of a page: its token is valid only together with its browser's cookie.

Reflex identifies a page by a token in the URL of its socket, and so in the logs of every proxy. Here a page is
identified by a digest of that token and of a cookie, which no script can read and no URL holds. A client that sends
the token without the cookie gets a page of its own.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable

COOKIE = "frontdesk_page"
# The header that names the page of an upload.
_PAGE = b"reflex-client-token"
_FORM = re.compile(r"[\w-]{43}", re.ASCII)

Headers = Iterable[tuple[bytes, bytes]]


def new_cookie() -> str:
    """Generate a cookie value for a browser that has none."""
    return secrets.token_urlsafe(32)


def cookie_of(headers: Headers) -> str | None:
    """Return the page cookie of a request, if it has a valid form."""
    for name, line in headers:
        if name.lower() == b"cookie":
            for pair in line.decode("latin-1").split(";"):
                key, _, value = pair.strip().partition("=")
                if key == COOKIE and _FORM.fullmatch(value):
                    return value
    return None


def set_cookie(value: str, *, secure: bool) -> bytes:
    """Build the Set-Cookie value. `Lax`: a user who follows a link to the desk keeps the identity of other tabs."""
    return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{'; Secure' * secure}".encode()


def with_page(headers: Headers, cookie: str) -> list[tuple[bytes, bytes]]:
    """Rewrite the headers of a browser's request to carry the cookie and name the page by its server-side id."""
    rewritten = [(name, _page_header(value, cookie) if name == _PAGE else value) for name, value in headers]
    return rewritten if cookie_of(rewritten) else [*rewritten, (b"cookie", f"{COOKIE}={cookie}".encode())]


def page_id(token: str, cookie: str) -> str:
    """Return the server-side id of a page."""
    return hashlib.sha256(f"{cookie} {token}".encode("utf-8", "surrogatepass")).hexdigest()


def _page_header(token: bytes, cookie: str) -> bytes:
    return page_id(token.decode("latin-1"), cookie).encode()
