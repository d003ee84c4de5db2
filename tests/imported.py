"""The modules that every desk imports before or while it opens, and its embedding model, loaded for the fork server."""

# ruff: noqa: F401
import gc

import langchain_aws
import langchain_openai
import sentence_transformers
import torch

import backend.server
import ui.pages.activity
import ui.pages.agents
import ui.pages.chat
import ui.pages.knowledge
import ui.pages.not_found
import ui.runtime.serve
from knowledge.embedding.encoder import Encoder

THREADS = torch.get_num_threads()
# A process with torch's worker threads cannot be forked: the child would wait for threads that it does not have.
torch.set_num_threads(1)
Encoder().encode_questions(["warm up"])
# Set aside: a child that looked through these objects for garbage would copy every page of them.
gc.collect()
gc.freeze()
