"""The base of all replies, the page of a list, and the one shape of all errors."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

ALWAYS_SENT = "always sent"
"""Marks a field with a default: older servers leave it out, and the schema of this one requires it."""

# Words that a newer server may add to: its schema names those of today, and clients read any other.
KeyScope = Annotated[str, Field(json_schema_extra={"enum": ["metrics", "documents", "chat", "operator"]})]
RunStatus = Annotated[
    str, Field(json_schema_extra={"enum": ["queued", "in_progress", "completed", "failed", "cancelled"]})
]


class Shape(BaseModel):
    """The base of all replies: frozen, and tolerant of fields that a newer server adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe what this server sends: the defaults of `ALWAYS_SENT` fields are for clients alone."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        sent = {name for name, field in cls.model_fields.items() if ALWAYS_SENT in field.metadata}
        for name in sent:
            schema["properties"][name].pop("default", None)
        if required := [name for name in cls.model_fields if name in sent or name in schema.get("required", ())]:
            schema["required"] = required
        return reference


class Page(Shape):
    """The position of a page within a longer list."""

    total: int
    limit: int
    offset: int


class Problem(Shape):
    """An error: a stable code, a message for people, and whether asking again helps."""

    code: str
    message: str
    retryable: bool


class ErrorBody(Shape):
    """The body of every error reply."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"error": {"code": "run_not_found", "message": "there is no run 17", "retryable": False}}]
        }
    )

    error: Problem
