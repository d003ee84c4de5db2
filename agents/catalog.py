"""The catalogue of agents: Markdown files with front matter and the prompt as body, changed while the server runs."""

import re
from pathlib import Path
from typing import Annotated, Literal

import frontmatter
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from agents.errors import AgentDisabled, AgentUnknown, CatalogInvalid, FolderUnknown, LastAgent, ModelNameInvalid
from agents.models.model_name import parse_chain
from knowledge.text.characters import checked_line, cleaned, is_blank

SHIPPED = Path(__file__).parent / "catalogs"

Strategy = Literal["rag", "cag", "hybrid"]
ToolName = Literal["search_documents", "hand_over"]
CacheMode = Literal["off", "exact", "similar"]

# Names of the supervisor itself, of the endpoint for models without an agent, and of document jobs.
_RESERVED = frozenset({"supervisor", "llm", "documents"})
_MAX_EXAMPLES = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _is_text(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be text without control characters")
    if is_blank(text):
        raise ValueError("must hold something that is seen")
    return text


def _is_free(agent_id: str) -> str:
    if agent_id in _RESERVED:
        raise ValueError(f"is reserved for the desk itself, as are all of: {', '.join(sorted(_RESERVED))}")
    return agent_id


_Stripped = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Text = Annotated[_Stripped, AfterValidator(_is_text), AfterValidator(cleaned)]
_Name = Annotated[_Stripped, AfterValidator(checked_line)]
# Nova accepts no hyphens in tool names, and an agent's id becomes one.
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$"), AfterValidator(_is_free)]


class Agent(BaseModel):
    """A specialist agent. `knowledge` is the folder of documents it answers from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: _Id
    name: _Name = Field(max_length=80)
    description: _Text = Field(max_length=1000)
    examples: tuple[Annotated[_Text, Field(max_length=500)], ...] = Field(default=(), max_length=_MAX_EXAMPLES)
    strategy: Strategy = "rag"
    knowledge: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    model: str | None = Field(default=None, max_length=1000)
    tools: tuple[ToolName, ...] = Field(default=(), max_length=8)
    prompt: _Text = Field(max_length=20_000)
    cache: CacheMode = "off"
    enabled: bool = Field(default=True, strict=True)

    @field_validator("cache", mode="before")
    @classmethod
    def _is_off(cls, cache: object) -> object:
        # YAML reads an unquoted `off` as false.
        return "off" if cache is False else cache

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
    """The agents of a desk: at first as their files say, in the order of the files' names, then as they are changed.

    New agents follow in the order of their ids, so that the order is the same after a restart.
    """

    def __init__(self, agents: list[Agent]) -> None:
        ids = [agent.id for agent in agents]
        if twice := sorted({agent_id for agent_id in ids if ids.count(agent_id) > 1}):
            raise CatalogInvalid(f"two agents of the catalogue have the same id: {', '.join(twice)}")
        if not any(agent.enabled for agent in agents):
            raise CatalogInvalid("a catalogue needs at least one agent that is enabled")
        self.base = {agent.id: agent for agent in agents}
        self._agents = dict(self.base)

    @property
    def agents(self) -> list[Agent]:
        """The enabled agents, to which questions are routed."""
        return [agent for agent in self._agents.values() if agent.enabled]

    @property
    def all(self) -> list[Agent]:
        """All agents, including the disabled ones."""
        return list(self._agents.values())

    def get(self, agent_id: str) -> Agent:
        """Return an enabled agent; raise `AgentDisabled` if it is switched off, `AgentUnknown` if there is none."""
        agent = self.find_agent(agent_id)
        if not agent.enabled:
            raise AgentDisabled(f"the agent {agent_id!r} is switched off; set its `enabled` to true")
        return agent

    def find_agent(self, agent_id: str) -> Agent:
        """Return the agent, even if it is disabled, or raise `AgentUnknown` with the known ids."""
        if agent_id not in self._agents:
            raise AgentUnknown(f"there is no agent {agent_id!r}; there are {', '.join(self._agents)}")
        return self._agents[agent_id]

    def has_agent(self, agent_id: str) -> bool:
        """Return True if there is an agent with that id, even a disabled one."""
        return agent_id in self._agents

    def put(self, agent: Agent) -> None:
        """Add an agent, or replace the one with its id. The next question is routed accordingly."""
        if not agent.enabled:
            self.check_spare(agent.id)
        places = {agent_id: place for place, agent_id in enumerate(self.base)}
        agents = {**self._agents, agent.id: agent}
        order = sorted(agents, key=lambda agent_id: (places.get(agent_id, len(places)), agent_id))
        self._agents = {agent_id: agents[agent_id] for agent_id in order}

    def remove(self, agent_id: str) -> None:
        """Stop routing questions to the agent. A run keeps the agents it was routed to."""
        self.find_agent(agent_id)
        self.check_spare(agent_id)
        del self._agents[agent_id]

    def check_spare(self, agent_id: str) -> None:
        """Raise `LastAgent` if that agent is the last enabled one."""
        if all(agent.id == agent_id for agent in self.agents):
            raise LastAgent(f"{agent_id!r} is the last agent that is enabled; enable or make another one first")

    def checked_folder(self, name: str) -> str:
        """Return the name of a knowledge folder that some agent uses, or raise `FolderUnknown` with the known names."""
        folders = sorted({agent.knowledge for agent in self.all})
        if name not in folders:
            raise FolderUnknown(f"no agent answers from a folder {name!r}; there are {', '.join(folders)}")
        return name


def read_catalog(name_or_path: str) -> Catalog:
    """Read a shipped catalogue, by name, or one of your own, by path."""
    shipped = sorted(found.name for found in SHIPPED.iterdir() if found.is_dir())
    directory = SHIPPED / name_or_path if name_or_path in shipped else Path(name_or_path)
    if not directory.is_dir():
        raise CatalogInvalid(
            f"there is no catalogue {name_or_path!r}; use a directory of agent files, or one of: {', '.join(shipped)}"
        )
    return Catalog([read_agent(file) for file in sorted(directory.glob("*.md"))])


def read_agent(file: Path) -> Agent:
    """Read an agent file, or raise `CatalogInvalid` that names the file and the field."""
    try:
        matter, body = frontmatter.parse(file.read_text(encoding="utf-8"))
        return Agent.model_validate({**{str(name): value for name, value in matter.items()}, "prompt": body.strip()})
    except ValidationError as error:
        raise CatalogInvalid(f"{file.name}: {first_mistake(error)}") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CatalogInvalid(f"{file.name} cannot be read: {error}") from error


def first_mistake(error: ValidationError) -> str:
    """Describe the first invalid field and what is wrong with it."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
