"""Agents as files: Markdown with front matter, the prompt as its body, a folder of them a catalogue."""

from pathlib import Path
from typing import Literal

import frontmatter
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agents.errors import AgentUnknown, CatalogInvalid, FolderUnknown, ModelNameInvalid
from agents.models.names import parse_chain

SHIPPED = Path(__file__).parent / "catalogs"

Strategy = Literal["rag", "cag", "hybrid"]
ToolName = Literal["search_documents", "hand_over"]


class Agent(BaseModel):
    """One specialist. Its knowledge is the folder of documents it answers from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Nova accepts no hyphens in tool names, and an agent's id becomes one.
    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")
    name: str = Field(min_length=1, max_length=80)
    description: str = Field(min_length=1, max_length=1000)
    examples: tuple[str, ...] = ()
    strategy: Strategy = "rag"
    knowledge: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    model: str | None = None
    tools: tuple[ToolName, ...] = ()
    prompt: str = Field(min_length=1)

    @field_validator("model")
    @classmethod
    def _names_models(cls, model: str | None) -> str | None:
        if model is not None:
            try:
                parse_chain(model)
            except ModelNameInvalid as error:
                raise ValueError(error.message) from error
        return model


class Catalog:
    """The agents of a desk, in the order of their files' names."""

    def __init__(self, agents: list[Agent]) -> None:
        self._agents = {agent.id: agent for agent in agents}
        if not agents:
            raise CatalogInvalid("a catalogue needs at least one agent")
        ids = [agent.id for agent in agents]
        if twice := sorted({agent_id for agent_id in ids if ids.count(agent_id) > 1}):
            raise CatalogInvalid(f"two agents of the catalogue have the same id: {', '.join(twice)}")

    @property
    def agents(self) -> list[Agent]:
        return list(self._agents.values())

    def get(self, agent_id: str) -> Agent:
        """The agent, or `AgentUnknown` with the ids there are."""
        if agent_id not in self._agents:
            raise AgentUnknown(f"there is no agent {agent_id!r}; there are {', '.join(self._agents)}")
        return self._agents[agent_id]

    def folder(self, name: str) -> str:
        """A knowledge folder that some agent answers from, or `FolderUnknown` with those there are."""
        folders = sorted({agent.knowledge for agent in self.agents})
        if name not in folders:
            raise FolderUnknown(f"no agent answers from a folder {name!r}; there are {', '.join(folders)}")
        return name


def read_catalog(name_or_path: str) -> Catalog:
    """A catalogue that ships, by name, or one of your own, by path."""
    shipped = sorted(found.name for found in SHIPPED.iterdir() if found.is_dir())
    directory = SHIPPED / name_or_path if name_or_path in shipped else Path(name_or_path)
    if not directory.is_dir():
        raise CatalogInvalid(
            f"there is no catalogue {name_or_path!r}; use a directory of agent files, or one of: {', '.join(shipped)}"
        )
    return Catalog([read_agent(file) for file in sorted(directory.glob("*.md"))])


def read_agent(file: Path) -> Agent:
    """One agent file, or `CatalogInvalid` that names the file and the field."""
    try:
        matter, body = frontmatter.parse(file.read_text(encoding="utf-8"))
        return Agent.model_validate({**{str(name): value for name, value in matter.items()}, "prompt": body.strip()})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CatalogInvalid(f"{file.name}: {where}: {first['msg']}") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CatalogInvalid(f"{file.name} cannot be read: {error}") from error
