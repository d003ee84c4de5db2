"""The security headers of pages, with a Content-Security-Policy for what is served with them."""

import base64
import hashlib
import re
from collections.abc import Iterable

_SCRIPT = re.compile(r"<script(?P<attributes>[^<>]*)>(?P<code>[^<]*+(?:<(?!/?script)[^<]*+)*+)</script>")
_SRC = re.compile(r"\bsrc=")


def guarding_headers(pages: Iterable[str], *more: str) -> dict[str, str]:
    """Let pages load what this desk serves and run their inline scripts; `more` are further directives."""
    policy = (
        "default-src 'none'",
        f"script-src 'self' {' '.join(_script_hashes(pages))}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        *more,
    )
    return {
        "content-security-policy": "; ".join(policy),
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def _script_hashes(pages: Iterable[str]) -> list[str]:
    """Return the sources of the pages' inline scripts for `script-src`."""
    found = [script for page in pages for script in _SCRIPT.finditer(page)]
    scripts = {script["code"] for script in found if not _SRC.search(script["attributes"])}
    return sorted(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts if s)
