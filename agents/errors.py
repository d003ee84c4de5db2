"""What can go wrong with agents and models.

knowledge.errors.DeskError
└── AgentError
    ├── CatalogInvalid      an agent file that cannot be used; for whoever wrote it
    ├── AgentUnknown        no agent of that id
    ├── AgentDisabled       an agent that is switched off
    ├── LastAgent           questions could be routed to nobody
    ├── FolderUnknown       a knowledge folder that no agent answers from
    ├── SettingsInvalid     a setting that cannot be used
    ├── ModelNameInvalid    a string that names no model
    ├── NothingAsked        results of tools that nobody waits for, and no message
    ├── ToolFailed          a tool call that came to nothing; for the model that made it
    └── ModelsUnavailable   no model of a chain could answer
        └── ModelLoading    because each of them is still loading
"""

from knowledge.errors import DeskError


class AgentError(DeskError):
    """Anything about agents."""

    code = "agent_error"


class CatalogInvalid(AgentError):
    """Refused at start-up: a desk with half its agents would answer wrongly without a word."""

    code = "catalog_invalid"


class AgentUnknown(AgentError):
    """No agent of that id."""

    code = "agent_not_found"


class AgentDisabled(AgentError):
    """The agent takes no questions for now."""

    code = "agent_disabled"


class LastAgent(AgentError):
    """Refused before anything is changed: a desk without agents cannot answer."""

    code = "last_agent"


class FolderUnknown(AgentError):
    """No agent answers from a knowledge folder of that name."""

    code = "folder_not_found"


class SettingsInvalid(AgentError):
    """Said at start-up."""

    code = "settings_invalid"


class ModelNameInvalid(AgentError):
    """Said at start-up."""

    code = "model_name_invalid"


class ToolFailed(AgentError):
    """Told to the model and shown in the trace; the answer goes on."""

    code = "tool_failed"


class NothingAsked(AgentError):
    """Providers refuse a conversation that does not end with something to answer."""

    code = "nothing_asked"


class ModelsUnavailable(AgentError):
    """Every model of the chain failed, and the embedded one is not its last."""

    code = "models_unavailable"
    retryable = True


class ModelLoading(ModelsUnavailable):
    """A model server that was just started."""

    code = "model_loading"
