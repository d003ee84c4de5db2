"""The prompts that an embedding model expects before questions and before passages."""

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_OF_DOCUMENTS = ("document", "passage", "corpus")
# E5 is useless without its prompts, which its configuration leaves out; matched in a name or in the cache's directory.
_E5 = re.compile(r"(?:--|/|^)(?:multilingual-)?e5-(?:small|base|large)(?:-v2)?(?:/|$)")


class Prompts(NamedTuple):
    """The text before every question, and the text before every passage; either may be empty."""

    query: str = ""
    document: str = ""


def prompts_of(model: "SentenceTransformer", path: str) -> Prompts:
    """Return the prompts of `config_sentence_transformers.json`, where there are none the model's default."""
    configured: dict[str, str | None] = model.prompts
    query = configured.get("query") or ""
    document = next((text for name in _OF_DOCUMENTS if (text := configured.get(name))), "")
    if not query and not document and _E5.search(path):
        return Prompts("query: ", "passage: ")
    default = (configured.get(model.default_prompt_name) if model.default_prompt_name else "") or ""
    return Prompts(query or default, document or default)
