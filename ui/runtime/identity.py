"""Whose page it is: a page's token counts together with its browser's cookie alone.

Reflex knows a page by a token that stands in the address of its socket, and so in the logs of every proxy. Here a page
is known by a digest of that token and of a cookie, which no script can read and no address holds. Whoever brings the
token without the cookie begins a page of their own.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable

COOKIE = "frontdesk_page"
# Where a page that sends files says which it is.
_PAGE = b"reflex-client-token"
_FORM = re.compile(r"[\w-]{43}", re.ASCII)

Headers = Iterable[tuple[bytes, bytes]]


def made() -> str:
    """A cookie's value for a browser that has none."""
    return secrets.token_urlsafe(32)


def cookie_of(headers: Headers) -> str | None:
    """The value that a browser has sent, if it can be one of ours."""
    for name, line in headers:
        if name.lower() == b"cookie":
            for pair in line.decode("latin-1").split(";"):
                key, _, value = pair.strip().partition("=")
                if key == COOKIE and _FORM.fullmatch(value):
                    return value
    return None


def set_cookie(value: str, *, secure: bool) -> bytes:
    """The header's value. `Lax`: whoever follows a link to the desk is still the visitor of their other tabs."""
    return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{'; Secure' * secure}".encode()


def with_page(headers: Headers, cookie: str) -> list[tuple[bytes, bytes]]:
    """The headers of a request from the browser of that cookie, in which a page is named as the server knows it."""
    told = [(name, _known(value, cookie) if name == _PAGE else value) for name, value in headers]
    return told if cookie_of(told) else [*told, (b"cookie", f"{COOKIE}={cookie}".encode())]


def page_of(token: str, cookie: str) -> str:
    """What a page is known by on the server."""
    return hashlib.sha256(f"{cookie} {token}".encode("utf-8", "surrogatepass")).hexdigest()


def _known(token: bytes, cookie: str) -> bytes:
    return page_of(token.decode("latin-1"), cookie).encode()
