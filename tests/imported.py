"""What every desk imports before it opens, or while it does, and the model that it embeds with."""

# ruff: noqa: F401
import gc

import langchain_aws
import langchain_openai
import sentence_transformers
import torch

import backend.server
from knowledge.embedding.encoder import Encoder

THREADS = torch.get_num_threads()
# A process whose computing has spread over threads cannot be forked: they would be missing, and waited for.
torch.set_num_threads(1)
Encoder().questions(["warm up"])
# What is here already is never garbage: a fork that looks through it would copy every page of it.
gc.collect()
gc.freeze()
