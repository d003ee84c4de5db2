"""The `model:` line of an agent file."""

from pathlib import Path

import pytest

from agents.catalog import read_agent, read_catalog
from agents.errors import CatalogInvalid

FILE = "---\nid: a\nname: A\ndescription: d\nknowledge: k\n{line}\n---\nYou answer.\n"


def write(directory: Path, line: str) -> Path:
    file = directory / "agent.md"
    file.write_text(FILE.format(line=line), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "chain",
    [
        "embedded",
        "bedrock:us.amazon.nova-lite-v1:0",
        "openai:gpt-4o,  embedded",
        "openai-compatible:qwen@http://127.0.0.1:8081/v1",
        "bedrock:arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
    ],
)
def test_an_agent_may_name_its_models(tmp_path: Path, chain: str) -> None:
    assert read_agent(write(tmp_path, f"model: {chain}")).model == chain


@pytest.mark.parametrize("line", ["", "model:", "model: null"])
def test_an_agent_without_a_model_has_everyones(tmp_path: Path, line: str) -> None:
    assert read_agent(write(tmp_path, line)).model is None


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ("gpt-4o", "'gpt-4o' is not a valid model; use bedrock:"),
        ("openai:gpt-4o,", "names no model between two commas"),
        ("''", "names no model between two commas"),
        ("'openai:gpt-4o,clippy'", "'clippy' is not a valid model"),
        ("openai-compatible:qwen@127.0.0.1", "no address of a model server"),
        ("openai-compatible:qwen@http://[::1/v1", "no address of a model server"),
        ("5", "valid string"),
        ("[openai:gpt-4o]", "valid string"),
    ],
)
def test_a_line_that_names_no_model_is_refused_with_its_file(tmp_path: Path, value: str, mistake: str) -> None:
    file = write(tmp_path, f"model: {value}")
    with pytest.raises(CatalogInvalid, match=rf"^agent\.md: model: .*{mistake}"):
        read_agent(file)
    with pytest.raises(CatalogInvalid, match=r"^agent\.md: model: "):
        read_catalog(str(tmp_path))


def test_a_password_in_the_line_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(CatalogInvalid, match="holds a password") as caught:
        read_agent(write(tmp_path, "model: openai-compatible:m@http://user:hunter2@127.0.0.1/v1"))
    assert "hunter2" not in str(caught.value)
