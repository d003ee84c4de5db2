"""What every desk imports before it opens, or while it does."""

# ruff: noqa: F401
import langchain_aws
import langchain_openai
import sentence_transformers

import backend.server
