"""What tokens cost, against numbers worked out by hand."""

import datetime
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

from agents.models import prices
from agents.models.chunks import piece_of
from agents.models.model_name import EMBEDDED, ModelName, parse_server
from agents.models.prices import cost_of, price_of
from frontdesk.contracts.events import Usage

TABLE: dict[str, Any] = tomllib.loads((Path(prices.__file__).parent / "prices.toml").read_text(encoding="utf-8"))
ENTRIES = [(provider, model) for provider, models in TABLE.items() if provider != "date" for model in models]
MILLION = 1_000_000
USED = Usage(prompt=1000, completion=100, total=1100, cached=400, cache_written=200)


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> Iterator[None]:
    price_of.cache_clear()
    yield
    price_of.cache_clear()


@pytest.mark.parametrize(
    ("name", "usage", "dollars"),
    [
        # 0.06 in, 0.015 cached, 0.24 out; what is written to the cache costs what input costs:
        # 400 * 0.06 + 400 * 0.015 + 200 * 0.06 + 100 * 0.24 = 24 + 6 + 12 + 24
        (ModelName("bedrock", "amazon.nova-lite-v1:0"), USED, 66e-6),
        (ModelName("bedrock", "us.amazon.nova-lite-v1:0"), USED, 66e-6),
        # 0.15 in, 0.075 cached, 0.60 out: 600 * 0.15 + 400 * 0.075 + 100 * 0.60 = 90 + 30 + 60
        (ModelName("openai", "gpt-4o-mini"), Usage(prompt=1000, completion=100, total=1100, cached=400), 180e-6),
        # 0.10 in, 0.01 cached, 0.125 written, 0.50 out: 40 + 4 + 25 + 50
        (ModelName("openai", "gpt-6-luna"), USED, 119e-6),
        (ModelName("openai", "gpt-4o"), Usage(prompt=MILLION, total=MILLION), 2.5),
        (ModelName("openai", "gpt-4o"), Usage(completion=MILLION, total=MILLION), 10.0),
        (ModelName("openai", "gpt-4o"), Usage(prompt=MILLION, cached=MILLION, total=MILLION), 1.25),
        (ModelName("openai", "gpt-4o"), Usage(), 0.0),
        (EMBEDDED, USED, 0.0),
        (parse_server("http://127.0.0.1:8081"), USED, 0.0),
        (ModelName("openai-compatible", "gpt-4o", "http://127.0.0.1:8081/v1"), USED, 0.0),
    ],
)
def test_the_cost_is_that_of_each_kind_of_token(
    name: ModelName, usage: Usage, dollars: float, caplog: pytest.LogCaptureFixture
) -> None:
    assert cost_of(name, usage) == pytest.approx(dollars, rel=1e-12)
    assert not caplog.records


def test_what_a_provider_counts_is_priced_without_counting_anything_twice() -> None:
    # As LangChain tells it where a provider says how long what it wrote will live: then `cache_creation` is 0.
    counted: UsageMetadata = {
        "input_tokens": 1000,
        "output_tokens": 100,
        "total_tokens": 1100,
        "input_token_details": {"cache_read": 400, "cache_creation": 0, "ephemeral_5m_input_tokens": 200},  # type: ignore[typeddict-unknown-key]
    }
    usage = piece_of(AIMessage("", usage_metadata=counted)).usage
    assert usage == USED
    assert cost_of(ModelName("openai", "gpt-6-luna"), usage) == pytest.approx(119e-6)


@pytest.mark.parametrize("prefix", ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"])
def test_an_inference_profile_costs_what_its_model_costs(prefix: str) -> None:
    base = price_of(ModelName("bedrock", "amazon.nova-micro-v1:0"))
    assert base is not None
    assert price_of(ModelName("bedrock", f"{prefix}.amazon.nova-micro-v1:0")) == base


def test_a_global_profile_may_have_a_price_of_its_own() -> None:
    regional, worldwide = (
        price_of(ModelName("bedrock", f"{prefix}.amazon.nova-2-lite-v1:0")) for prefix in ("us", "global")
    )
    assert regional is not None
    assert worldwide is not None
    assert (regional.input, worldwide.input) == (0.33, 0.30)


@pytest.mark.parametrize(
    "name",
    [
        ModelName("openai", "gpt-unheard-of"),
        ModelName("bedrock", "xx.amazon.nova-micro-v1:0"),
        ModelName("bedrock", "gpt-4o"),
        ModelName("openai", "us.gpt-4o-mini-x"),
    ],
)
def test_an_unknown_model_counts_as_nothing_and_is_named_once(
    name: ModelName, caplog: pytest.LogCaptureFixture
) -> None:
    assert [cost_of(name, USED) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert [(record.levelno, str(name) in record.message) for record in caplog.records] == [(logging.WARNING, True)]


def test_the_table_says_when_its_prices_were_collected() -> None:
    assert isinstance(TABLE["date"], datetime.date)
    assert datetime.date(2025, 1, 1) < TABLE["date"]
    assert set(TABLE) == {"date", "bedrock", "openai"}


@pytest.mark.parametrize(("provider", "model"), ENTRIES)
def test_every_entry_of_the_table_is_plausible(provider: str, model: str) -> None:
    entry = TABLE[provider][model]
    assert set(entry) <= {"input", "output", "cached", "cache_write"}
    assert 0 < entry["input"] < entry["output"] < 200
    assert 0 < entry.get("cached", entry["input"]) <= entry["input"]
    assert entry["input"] <= entry.get("cache_write", entry["input"]) <= 2 * entry["input"]
    found = price_of(ModelName(provider, model))  # type: ignore[arg-type]
    assert found is not None
    assert (found.input, found.output) == (entry["input"], entry["output"])


def test_the_models_that_nobody_set_have_a_price(caplog: pytest.LogCaptureFixture) -> None:
    for name in (ModelName("bedrock", "us.amazon.nova-lite-v1:0"), ModelName("openai", "gpt-4o-mini")):
        assert cost_of(name, USED) > 0
    assert not caplog.records
