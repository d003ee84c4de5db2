"""The context window of a model on a self-hosted server, as vLLM, llama.cpp and Ollama report it."""

import httpx2


async def served_window(http: httpx2.AsyncClient, url: str, model: str) -> int | None:
    """Return the context window that the server reports, or None if it reports none."""
    root = url.removesuffix("/v1")
    for address, read in (
        (f"{url}/models", _of_model_list),
        (f"{root}/props", _of_llama_cpp),
        (f"{root}/api/ps", _of_ollama),
    ):
        response = await http.get(address)
        if response.is_success and (tokens := read(response.json(), model)):
            return tokens
    return None


def _of_model_list(page: object, model: str) -> int | None:
    """Read the window that vLLM and llama.cpp list beside the name, not the one that a model was trained with."""
    cards = _list_at(page, "data")
    named = [card for card in cards if _value_at(card, "id") == model]
    # A server of one model answers to any name.
    card = (named or cards)[0] if named or len(cards) == 1 else None
    return _valid_window(_value_at(card, "max_model_len")) or _valid_window(_value_at(card, "meta", "n_ctx"))


def _of_llama_cpp(page: object, model: str) -> int | None:
    """Read the window of an older llama.cpp, which reports it here for the one model that it serves."""
    return _valid_window(_value_at(page, "default_generation_settings", "n_ctx"))


def _of_ollama(page: object, model: str) -> int | None:
    """Read the window from Ollama, which reports it once the model is loaded."""
    running = {_value_at(card, "name"): _value_at(card, "context_length") for card in _list_at(page, "models")}
    return _valid_window(running.get(model) or running.get(f"{model}:latest"))


def _value_at(value: object, *path: str) -> object:
    """Return the value at a path of names, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list_at(page: object, name: str) -> list[object]:
    items = _value_at(page, name)
    return items if isinstance(items, list) else []


def _valid_window(value: object) -> int | None:
    return value if isinstance(value, int) and value > 1 else None
