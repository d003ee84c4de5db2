"""Strings that name models, and those that do not."""

import pytest

from agents.errors import ModelNameInvalid
from agents.models.model_name import EMBEDDED, ModelName, parse_chain, parse_model, parse_server

PROFILE = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"
SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("embedded", EMBEDDED),
        ("openai:gpt-4o-mini", ModelName("openai", "gpt-4o-mini")),
        ("openai:ft:gpt-4o:acme::Ab1", ModelName("openai", "ft:gpt-4o:acme::Ab1")),
        ("bedrock:us.amazon.nova-lite-v1:0", ModelName("bedrock", "us.amazon.nova-lite-v1:0")),
        (f"bedrock:{PROFILE}", ModelName("bedrock", PROFILE)),
        (
            "openai-compatible:qwen2.5@http://127.0.0.1:8081/v1",
            ModelName("openai-compatible", "qwen2.5", "http://127.0.0.1:8081/v1"),
        ),
        (
            "openai-compatible:Qwen/Qwen2.5-7B@https://models.acme.example/openai/v1",
            ModelName("openai-compatible", "Qwen/Qwen2.5-7B", "https://models.acme.example/openai/v1"),
        ),
        ("openai-compatible:@http://[::1]:8081/v1", ModelName("openai-compatible", "", "http://[::1]:8081/v1")),
        ("local:qwen2.5-1.5b", ModelName("local", "qwen2.5-1.5b")),
    ],
)
def test_every_form_is_read_and_written_back_as_it_was(text: str, name: ModelName) -> None:
    assert parse_model(text) == name
    assert str(name) == text


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/v1"),
        ("http://127.0.0.1:8081/", "http://127.0.0.1:8081/v1"),
        ("http://127.0.0.1:8081/v1/", "http://127.0.0.1:8081/v1"),
        ("https://acme.example/api/openai/", "https://acme.example/api/openai"),
        ("http://[::1]:8081", "http://[::1]:8081/v1"),
    ],
)
def test_an_address_without_a_path_is_that_of_version_1(given: str, url: str) -> None:
    assert parse_server(given) == parse_model(f"openai-compatible:@{given}") == ModelName("openai-compatible", "", url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpt-4o",
        "openai",
        "openai:",
        "openai: gpt-4o",
        "openai:gpt 4o",
        "openai:-gpt",
        "openai:" + "g" * 257,
        "openai:gpt-4o\n",
        "OpenAI:gpt-4o",
        "Embedded",
        "embedded:minilm",
        "bedrock:",
        "bedrock:modèle",
        "anthropic:claude",
        "local:",
        "local:../qwen",
        "local:Qwen",
        "local:qwen@http://127.0.0.1/v1",
        "openai-compatible:qwen",
        "openai-compatible:qwen@",
        "openai-compatible:qwen@127.0.0.1:8081",
        "openai-compatible:qwen@ftp://127.0.0.1/v1",
        "openai-compatible:qwen@http:///v1",
        "openai-compatible:qwen@http://127.0.0.1/v1#part",
        "openai-compatible:a model@http://127.0.0.1/v1",
        "openai:gpt-4o@http://127.0.0.1/v1",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ModelNameInvalid, match=r"use "):
        parse_model(text)


@pytest.mark.parametrize("url", ["http://[::1/v1", "http://::1]:8081", "http://[acme]/v1"])
def test_an_address_with_broken_brackets_is_refused_like_any_other(url: str) -> None:
    with pytest.raises(ModelNameInvalid, match="no address of a model server"):
        parse_server(url)


@pytest.mark.parametrize("port", ["eighty", "99999", "-1"])
def test_an_address_with_no_such_port_is_refused_at_start_up(port: str) -> None:
    with pytest.raises(ModelNameInvalid, match="no address of a model server"):
        parse_server(f"http://127.0.0.1:{port}/v1")


def test_the_longest_name_is_allowed() -> None:
    assert parse_model("openai:" + "g" * 256).model == "g" * 256


def test_a_refused_name_is_shown_with_the_forms_there_are() -> None:
    with pytest.raises(ModelNameInvalid, match=r"'gpt-4o' is not a valid model; use bedrock:<model>.*embedded"):
        parse_model("gpt-4o")


@pytest.mark.parametrize("form", ["{}", "openai-compatible:qwen@{}", "openai:{}", "embedded, openai-compatible:@{},"])
@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@127.0.0.1:8081/v1",
        f"http://:{SECRET}@127.0.0.1:8081/v1",
        f"http://{SECRET}@127.0.0.1:8081/v1",
        f"http://user:{SECRET}@127.0.0.1:8081/v1?x=1",
        f"http://user:p@{SECRET}@127.0.0.1:8081/v1?x=1",
        f"http://127.0.0.1:8081/v1?api_key={SECRET}",
        f"http://127.0.0.1:8081/v1#{SECRET}",
        f"ftp://user:{SECRET}@127.0.0.1/v1",
    ],
)
def test_an_address_with_a_secret_is_refused_and_the_secret_not_shown(form: str, url: str) -> None:
    with pytest.raises(ModelNameInvalid) as caught:
        parse_chain(form.format(url))
    assert SECRET not in str(caught.value)
    assert SECRET not in caught.value.message
    with pytest.raises(ModelNameInvalid) as caught:
        parse_server(url)
    assert SECRET not in caught.value.message


def test_a_refused_password_says_where_it_belongs() -> None:
    with pytest.raises(ModelNameInvalid, match="set AI_SERVICE_API_KEY instead"):
        parse_server(f"http://user:{SECRET}@127.0.0.1:8081/v1")


def test_a_chain_keeps_its_order_and_each_model_once() -> None:
    text = " openai:gpt-4o ,bedrock:amazon.nova-lite-v1:0,  embedded,openai:gpt-4o\n,embedded"
    names = (ModelName("openai", "gpt-4o"), ModelName("bedrock", "amazon.nova-lite-v1:0"), EMBEDDED)
    assert parse_chain(text) == names
    assert parse_chain(",".join(map(str, names))) == names


def test_two_spellings_of_one_address_are_one_model() -> None:
    chain = parse_chain("openai-compatible:@http://127.0.0.1:8081,openai-compatible:@http://127.0.0.1:8081/v1/")
    assert len(chain) == 1


@pytest.mark.parametrize("text", ["", " ", ",", "embedded,", ",embedded", "openai:gpt-4o,,embedded", "embedded, ,"])
def test_an_empty_part_of_a_chain_is_refused(text: str) -> None:
    with pytest.raises(ModelNameInvalid, match="names no model"):
        parse_chain(text)


def test_one_wrong_part_of_a_chain_is_named() -> None:
    with pytest.raises(ModelNameInvalid, match="'gpt-4o' is not a valid model"):
        parse_chain("embedded,gpt-4o,openai:gpt-4o")


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("openai-compatible:qwen@http://10.0.0.7:8081/v1", "openai-compatible:qwen"),
        ("openai-compatible:@http://10.0.0.7:8081/v1", "openai-compatible"),
        ("openai:gpt-4o", "openai:gpt-4o"),
        ("local:qwen3-4b", "local:qwen3-4b"),
        ("embedded", "embedded"),
    ],
)
def test_users_are_told_a_name_without_an_address(text: str, public: str) -> None:
    assert parse_model(text).public_name == public
