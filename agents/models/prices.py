"""Prices of tokens, from the one table in `prices.toml`."""

import logging
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.models.model_name import ModelName
from frontdesk.contracts.events import Usage

_LOG = logging.getLogger(__name__)
_TABLE = Path(__file__).parent / "prices.toml"
_PER = 1_000_000
# The prefix that an inference profile adds to the name of its model.
_PROFILE = re.compile(r"^(us|us-gov|eu|apac|jp|au|ca|global)\.")


_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class ModelPrice:
    """The price of a million tokens of each kind, in US dollars."""

    input: float
    output: float
    cached: float
    cache_write: float


def cost_of(name: ModelName, usage: Usage) -> float:
    """Return the cost of the usage in US dollars; `usage.prompt` includes the cached tokens."""
    if name.is_self_hosted or name.provider == "embedded":
        return 0.0
    price = price_of(name)
    if price is None:
        return 0.0
    fresh = usage.prompt - usage.cached - usage.cache_written
    return (
        fresh * price.input
        + usage.cached * price.cached
        + usage.cache_written * price.cache_write
        + usage.completion * price.output
    ) / _PER


@cache
def price_of(name: ModelName) -> ModelPrice | None:
    """Return the price of a model, or None with a warning if the table lacks it."""
    prices = _price_table().get(name.provider, {})
    # An ARN ends in the model's name, and a model of OpenAI's may be named with its date.
    model = _DATE.sub("", name.model.rpartition("/")[2])
    # Some profiles have a price of their own.
    price = prices.get(model) or prices.get(_PROFILE.sub("", model))
    if price is None:
        _LOG.warning("the price of %s is not in %s; its cost is counted as 0", name, _TABLE.name)
    return price


@cache
def _price_table() -> dict[str, dict[str, ModelPrice]]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        provider: {
            model: ModelPrice(
                input=entry["input"],
                output=entry["output"],
                cached=entry.get("cached", entry["input"]),
                cache_write=entry.get("cache_write", entry["input"]),
            )
            for model, entry in models.items()
        }
        for provider, models in table.items()
        if isinstance(models, dict)
    }
