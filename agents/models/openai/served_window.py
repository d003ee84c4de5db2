"""The context window of a model on a self-hosted server, as vLLM, llama.cpp and Ollama report it."""

import httpx2


async def served_window(http: httpx2.AsyncClient, url: str, model: str) -> int | None:
    """Return the context window that the server reports, or None if it reports none."""
    root = url.removesuffix("/v1")
    for address, read in (
        (f"{url}/models", _listed),
        (f"{root}/props", _of_llama_cpp),
        (f"{root}/api/ps", _of_ollama),
    ):
        response = await http.get(address)
        if response.is_success and (tokens := read(response.json(), model)):
            return tokens
    return None


def _listed(page: object, model: str) -> int | None:
    """Read the window that vLLM and llama.cpp list beside the name, not the one that a model was trained with."""
    cards = _items(page, "data")
    named = [card for card in cards if _at(card, "id") == model]
    # A server of one model answers to any name.
    card = (named or cards)[0] if named or len(cards) == 1 else None
    return _tokens(_at(card, "max_model_len")) or _tokens(_at(card, "meta", "n_ctx"))


def _of_llama_cpp(page: object, model: str) -> int | None:
    """Read the window of an older llama.cpp, which reports it here for the one model that it serves."""
    return _tokens(_at(page, "default_generation_settings", "n_ctx"))


def _of_ollama(page: object, model: str) -> int | None:
    """Read the window from Ollama, which reports it once the model is loaded."""
    running = {_at(card, "name"): _at(card, "context_length") for card in _items(page, "models")}
    return _tokens(running.get(model) or running.get(f"{model}:latest"))


def _at(value: object, *path: str) -> object:
    """Return the value at a path of names, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _items(page: object, name: str) -> list[object]:
    items = _at(page, name)
    return items if isinstance(items, list) else []


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and value > 1 else None
