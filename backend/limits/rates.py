"""Rate limits: one moving window for each limit and each user or address.

Windows use a monotonic clock, and are dropped once they are empty.
"""

import logging
import math
import time
from collections.abc import Callable
from typing import Literal

from limits import RateLimitItem, parse

from agents.errors import SettingsInvalid
from backend.errors import RateLimited
from backend.limits.addresses import network_of
from backend.limits.windows import MovingWindow
from backend.settings import Settings

_LOG = logging.getLogger(__name__)

Limit = Literal["questions", "uploads", "searches", "keys"]

# The setting of each limit, and the message for clients that exceed it.
_SETTINGS: dict[Limit, str] = {
    "questions": "RATE_LIMIT",
    "uploads": "UPLOAD_RATE",
    "searches": "SEARCH_RATE",
    "keys": "KEY_RATE",
}
_SAID: dict[Limit, str] = {
    "questions": "You may ask {rate}; ask again in {wait} s.",
    "uploads": "You may upload {rate}; upload again in {wait} s.",
    "searches": "You may search and list {rate}; try again in {wait} s.",
    "keys": "Your address may try {rate} wrong keys; check your key, and try again in {wait} s.",
}
# The log is rate-limited too: one line for each user or address in this many seconds, and this many lines in all.
_QUIET_SECONDS = 60.0
_LINES_A_MINUTE = 60


class RateLimits:
    """All rate limits of the server; one whose setting is empty is disabled."""

    def __init__(self, settings: Settings, elapsed: Callable[[], float] = time.monotonic) -> None:
        limits = {limit: _parse_rate(name, settings.rate_of(name.lower())) for limit, name in _SETTINGS.items()}
        self._rates = {limit: rate for limit, rate in limits.items() if rate}
        self._windows = {
            limit: MovingWindow(rate.amount, rate.get_expiry(), elapsed) for limit, rate in self._rates.items()
        }
        self._logged = MovingWindow(1, _QUIET_SECONDS, elapsed)
        self._lines = MovingWindow(_LINES_A_MINUTE, 60, elapsed)

    def check(self, limit: Limit, who: str) -> None:
        """Count a call, and raise `RateLimited` for a user or address that exceeds the limit."""
        window = self._windows.get(limit)
        if window is None or not (seconds := window.count_hit(who)):
            return
        wait, rate = max(1, math.ceil(seconds)), self._rates[limit]
        if not self._logged.count_hit(f"{limit} {who}") and not self._lines.count_hit(""):
            _LOG.warning("%s=%s begins to bite: %s", _SETTINGS[limit], rate, who)
        raise RateLimited(_SAID[limit].format(rate=rate, wait=wait), wait)

    def check_address(self, address: str | None) -> None:
        """Count a wrong key, and raise `RateLimited` for an address that has sent too many."""
        self.check("keys", network_of(address))


def _parse_rate(name: str, text: str) -> RateLimitItem | None:
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsInvalid(f"{name}={text}: write it like 60/minute; see .env.example") from error
