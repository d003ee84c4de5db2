"""`python -m knowledge.embedding get NAME`: download a model for EMBEDDING_MODEL or RERANKER, once, and try it.

It goes on where it was interrupted. HF_ENDPOINT names another hub, HF_HOME another directory for models.
"""

import argparse
import sys
from pathlib import Path

from dotenv import load_dotenv

from knowledge.embedding.encoder import describe_model
from knowledge.embedding.model_files import download_model
from knowledge.embedding.reranker import describe_reranker, is_reranker
from knowledge.errors import DeskError


def main() -> int:
    """Return 0 if the model is there and works, 2 if it cannot be had or used."""
    parser = argparse.ArgumentParser(prog="python -m knowledge.embedding", description=__doc__)
    parser.add_argument("task", choices=("get",), help="download a model, unless it is on this machine already")
    parser.add_argument("name", help="owner/model, as the hub names it")
    name = parser.parse_args().name
    # The hub's library reads its settings from the environment when it is imported.
    load_dotenv(".env", interpolate=False)
    try:
        path = download_model(name)
        described = describe_reranker(path) if is_reranker(path) else describe_model(path)
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    setting = "RERANKER" if is_reranker(path) else "EMBEDDING_MODEL"
    size = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
    print(f"{name}: {described}, {size / 1e6:,.0f} MB in {path}")
    print(f"use it with {setting}={name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
