"""Errors of agents and models.

knowledge.errors.DeskError
└── AgentError
    ├── CatalogInvalid      an agent file that cannot be used; meant for its author
    ├── AgentUnknown        no agent with that id
    ├── AgentDisabled       an agent that is disabled
    ├── LastAgent           no enabled agent would be left to route questions to
    ├── FolderUnknown       a knowledge folder that no agent answers from
    ├── SettingsInvalid     a setting that cannot be used
    ├── ModelNameInvalid    a string that names no model
    ├── AnswerGivenUp       an answer that was being abandoned when the server stopped
    ├── ToolFailed          a tool call that failed; meant for the model that made it
    ├── ToolResultUnknown   a client's result for a call that the model has not made
    ├── ModelsUnavailable   no model of a chain could answer
    │   └── ModelLoading    because each of them is still loading
    └── LocalModelError     local models
        ├── LocalModelUnknown   no model of that name in the table
        ├── LocalModelInUse     a model that a chain names cannot be removed
        ├── DownloadUnderWay    another process is downloading the model
        ├── ModelDownloadFailed the hub did not send the file
        └── ModelFileRefused    the hub sent another file
"""

from knowledge.errors import DeskError


class AgentError(DeskError):
    """Base class of the errors of agents and models."""

    code = "agent_error"


class CatalogInvalid(AgentError):
    """A catalogue refused at start-up: a desk with half its agents would silently give wrong answers."""

    code = "catalog_invalid"


class AgentUnknown(AgentError):
    """No agent with that id."""

    code = "agent_not_found"


class AgentDisabled(AgentError):
    """The agent is disabled and takes no questions for now."""

    code = "agent_disabled"


class LastAgent(AgentError):
    """The last enabled agent cannot go. Refused before any change: a desk without agents cannot answer."""

    code = "last_agent"


class FolderUnknown(AgentError):
    """No agent answers from a knowledge folder of that name."""

    code = "folder_not_found"


class SettingsInvalid(AgentError):
    """A setting that cannot be used, reported at start-up."""

    code = "settings_invalid"


class ModelNameInvalid(AgentError):
    """A model string that names no model, reported at start-up."""

    code = "model_name_invalid"


class AnswerGivenUp(AgentError):
    """An abandoned answer: its text so far is remembered, and there is nothing to resume."""

    code = "interrupted"
    retryable = True


class ToolFailed(AgentError):
    """A failed tool call, reported to the model and shown in the trace; the answer goes on."""

    code = "tool_failed"


class ToolResultUnknown(AgentError):
    """A tool result without an open call: providers refuse such a conversation."""

    code = "tool_result_unknown"


class ModelsUnavailable(AgentError):
    """Every model of the chain failed, and the embedded one is not its last."""

    code = "models_unavailable"
    retryable = True


class ModelLoading(ModelsUnavailable):
    """Every model that failed is on a model server that was just started."""

    code = "model_loading"


class LocalModelError(AgentError):
    """Base class of the errors about local models."""

    code = "local_model_error"


class LocalModelUnknown(LocalModelError):
    """No local model of that name in the table."""

    code = "local_model_not_found"


class LocalModelInUse(LocalModelError):
    """A removal of a model that a chain names: its process would go on with a deleted file, and not start again."""

    code = "local_model_in_use"


class DownloadUnderWay(LocalModelError):
    """A download or removal while the model is being downloaded; two writers would spoil the file."""

    code = "download_under_way"
    retryable = True


class ModelDownloadFailed(LocalModelError):
    """A download that did not come to its end; what has come is kept, and the next attempt goes on from there."""

    code = "model_download_failed"
    retryable = True


class ModelFileRefused(LocalModelError):
    """A downloaded file that is not the one that the table names; it is removed."""

    code = "model_file_refused"
