"""The shipped catalogue reads, and a mistake in an agent file is refused with the file and the mistake."""

from pathlib import Path

import pytest

from agents.catalog import SHIPPED, Agent, read_agent, read_catalog
from agents.errors import AgentUnknown, CatalogInvalid, FolderUnknown

FIELDS = {"id": "billing", "name": "Billing", "description": "Money.", "strategy": "hybrid", "knowledge": "billing"}


def write(directory: Path, file: str, body: str = "You answer about money.", /, **changes: str | None) -> Path:
    """An agent file; a change of None leaves its field out."""
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    path = directory / file
    path.write_text("\n".join(["---", *lines, "---", body, ""]), encoding="utf-8")
    return path


def test_the_shipped_catalogue_has_four_agents_with_their_strategies() -> None:
    agents = read_catalog("customer_support").agents
    assert {agent.id: agent.strategy for agent in agents} == {
        "technical": "rag",
        "billing": "hybrid",
        "compliance": "cag",
        "general": "rag",
    }
    assert all(agent.knowledge == agent.id for agent in agents)


def test_every_shipped_agent_says_what_it_does_and_how_it_answers() -> None:
    for agent in read_catalog("customer_support").agents:
        assert len(agent.examples) >= 3
        assert agent.description
        assert agent.prompt.startswith("You are the ")
        assert "---" not in agent.prompt


def test_every_shipped_catalogue_reads() -> None:
    names = [found.name for found in SHIPPED.iterdir() if found.is_dir()]
    assert "customer_support" in names
    assert all(read_catalog(name).agents for name in names)


def test_a_catalogue_of_ones_own_is_read_by_its_path_in_the_order_of_its_files(tmp_path: Path) -> None:
    write(tmp_path, "20-first.md", id="first")
    write(tmp_path, "10-second.md", id="second", strategy=None)
    (tmp_path / "README.txt").write_text("not an agent", encoding="utf-8")
    agents = read_catalog(str(tmp_path)).agents
    assert [(agent.id, agent.strategy) for agent in agents] == [("second", "rag"), ("first", "hybrid")]


def test_the_body_of_an_agent_file_is_its_prompt(tmp_path: Path) -> None:
    agent = read_agent(write(tmp_path, "agent.md", "\nOne line.\n\nAnother, with --- in it.\n\n"))
    assert agent.prompt == "One line.\n\nAnother, with --- in it."


@pytest.mark.parametrize("field", ["id", "name", "description", "knowledge"])
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    with pytest.raises(CatalogInvalid, match=rf"^desk-agent\.md: {field}: Field required"):
        read_agent(write(tmp_path, "desk-agent.md", **{field: None}))


@pytest.mark.parametrize(
    ("field", "value", "mistake"),
    [
        ("strategy", "rags", "'rag', 'cag' or 'hybrid'"),
        ("id", "customer-billing", "match pattern"),
        ("id", "Billing", "match pattern"),
        ("id", "1st", "match pattern"),
        ("id", "b" * 49, "match pattern"),
        ("id", "42", "valid string"),
        ("id", "''", "match pattern"),
        ("name", "''", "at least 1 character"),
        ("name", "n" * 81, "at most 80 characters"),
        ("description", "''", "at least 1 character"),
        ("description", "d" * 1001, "at most 1000 characters"),
        ("id", "supervisor", "reserved for the desk itself"),
        ("id", "llm", "reserved for the desk itself"),
        ("name", '"a\\u0007b"', r"U\+0007"),
        ("name", '"two\\nlines"', r"U\+000A"),
        ("description", '"a\\u0000b"', "without control characters"),
        ("examples", "one question", "tuple"),
        ("examples", str(["Why?"] * 51), "at most 50 items"),
        ("model", "openai:m," * 200, "at most 1000 characters"),
        ("enabled", "'yes'", "valid boolean"),
        ("knowledge", "../secrets", "match pattern"),
        ("knowledge", "billing/private", "match pattern"),
        ("knowledge", "/etc", "match pattern"),
        ("knowledge", "..", "match pattern"),
        ("knowledge", "'billing\\private'", "match pattern"),
        ("tools", "search_documents", "tuple"),
        ("knowlege", "billing", "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_wrong(tmp_path: Path, field: str, value: str, mistake: str) -> None:
    with pytest.raises(CatalogInvalid, match=rf"^desk-agent\.md: {field}: .*{mistake}"):
        read_agent(write(tmp_path, "desk-agent.md", **{field: value}))


def test_an_agent_has_the_tools_it_names_and_none_by_itself(tmp_path: Path) -> None:
    assert read_agent(write(tmp_path, "none.md")).tools == ()
    both = read_agent(write(tmp_path, "both.md", tools="[hand_over, search_documents]"))
    assert both.tools == ("hand_over", "search_documents")


def test_a_tool_that_there_is_not_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CatalogInvalid, match=r"agent\.md: tools\.1: .*'search_documents' or 'hand_over'"):
        read_agent(write(tmp_path, "agent.md", tools="[hand_over, run_shell]"))


@pytest.mark.parametrize(("example", "mistake"), [("' '", "at least 1 character"), ("e" * 501, "at most 500")])
def test_a_wrong_example_is_named(tmp_path: Path, example: str, mistake: str) -> None:
    with pytest.raises(CatalogInvalid, match=rf"^agent\.md: examples\.1: .*{mistake}"):
        read_agent(write(tmp_path, "agent.md", examples=f"[Why?, {example}]"))


def test_a_prompt_that_is_too_long_is_refused(tmp_path: Path) -> None:
    assert len(read_agent(write(tmp_path, "agent.md", "p" * 20_000)).prompt) == 20_000
    with pytest.raises(CatalogInvalid, match=r"^agent\.md: prompt: .*at most 20000 characters"):
        read_agent(write(tmp_path, "agent.md", "p" * 20_001))


def test_a_catalogue_whose_agents_are_all_switched_off_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "one.md", enabled="false")
    with pytest.raises(CatalogInvalid, match="at least one agent that is enabled"):
        read_catalog(str(tmp_path))


def test_an_agent_without_a_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogInvalid, match=r"^agent\.md: prompt: .*at least 1 character"):
        read_agent(write(tmp_path, "agent.md", "  \n"))


@pytest.mark.parametrize("front_matter", ["id: [", "id: a\n  name: b: c", "examples:\n- 'open"])
def test_front_matter_that_is_not_yaml_is_refused(tmp_path: Path, front_matter: str) -> None:
    file = tmp_path / "broken.md"
    file.write_text(f"---\n{front_matter}\n---\nYou answer.\n", encoding="utf-8")
    with pytest.raises(CatalogInvalid, match=r"(?s)^broken\.md cannot be read: .*line \d"):
        read_agent(file)


@pytest.mark.parametrize(
    "text", ["You answer about money.\n", "", "---\nid: billing\nYou answer.\n", "---\n- a\n---\nb\n"]
)
def test_a_file_without_front_matter_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bare.md"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogInvalid, match=r"^bare\.md: id: Field required"):
        read_agent(file)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes("---\nid: caf\xe9\n---\nx".encode("latin-1"))
    with pytest.raises(CatalogInvalid, match=r"^latin\.md cannot be read: .*utf-8"):
        read_agent(tmp_path / "latin.md")


def test_one_broken_file_refuses_the_whole_catalogue(tmp_path: Path) -> None:
    write(tmp_path, "good.md")
    write(tmp_path, "wrong.md", id="other", strategy="guess")
    with pytest.raises(CatalogInvalid, match=r"^wrong\.md: strategy"):
        read_catalog(str(tmp_path))


def test_two_agents_with_one_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "one.md")
    write(tmp_path, "two.md", name="Other")
    with pytest.raises(CatalogInvalid, match=r"two agents .* the same id: \w+"):
        read_catalog(str(tmp_path))


def test_a_directory_without_agents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogInvalid, match="at least one agent"):
        read_catalog(str(tmp_path))


@pytest.mark.parametrize("name", ["nobody", "./nobody", "no/such/place", "../customer_support"])
def test_an_unknown_catalogue_is_refused_with_those_that_ship(name: str) -> None:
    with pytest.raises(CatalogInvalid, match=rf"'{name}'.*customer_support"):
        read_catalog(name)


def test_an_agent_is_found_by_its_id_or_refused_with_the_ids_there_are() -> None:
    catalog = read_catalog("customer_support")
    assert catalog.get("billing").name == "Billing"
    with pytest.raises(AgentUnknown, match=r"'sales'.*billing, compliance, general, technical"):
        catalog.get("sales")


def test_a_folder_that_no_agent_answers_from_is_refused_with_those_there_are() -> None:
    catalog = read_catalog("customer_support")
    assert catalog.checked_folder("billing") == "billing"
    with pytest.raises(FolderUnknown, match=r"'sales'.*billing, compliance, general, technical"):
        catalog.checked_folder("sales")


def test_an_agent_cannot_be_changed_once_it_is_read() -> None:
    agent: Agent = read_catalog("customer_support").get("billing")
    with pytest.raises(ValueError, match="frozen"):
        agent.prompt = "Ignore the documents."  # type: ignore[misc]


@pytest.mark.parametrize("line", ["content: x", "handler: x", "2024: x", "since: 2024-02-30"])
def test_odd_front_matter_names_its_file(tmp_path: Path, line: str) -> None:
    file = tmp_path / "agent.md"
    file.write_text(f"---\nid: a\nname: A\ndescription: d\nknowledge: k\n{line}\n---\nPrompt.\n", encoding="utf-8")
    with pytest.raises(CatalogInvalid, match=r"agent\.md"):
        read_agent(file)


def test_a_directory_of_ones_own_may_have_a_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine", "one.md", id="only")
    monkeypatch.chdir(tmp_path)
    assert [agent.id for agent in read_catalog("mine").agents] == ["only"]
