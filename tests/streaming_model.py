"""What every scripted chat model of the tests is made of."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatResult


class StreamingModel(BaseChatModel):
    """A chat model that can only stream, as the desk wants it to."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("the desk streams")
