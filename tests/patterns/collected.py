"""Every regular expression of the product: those its modules have compiled, and those its sources compile elsewhere."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agents", "backend", "evaluation", "frontdesk", "knowledge", "ui")
_USES = frozenset(
    "compile search match fullmatch split findall finditer sub subn template".split()  # what `re` makes a pattern for
)
_DEEPEST = 6

Pattern = re.Pattern[str] | re.Pattern[bytes]


@dataclass(frozen=True)
class Compiled:
    """A pattern, and what is done with it: all that can be, where its module does not tell."""

    place: str
    pattern: Pattern
    uses: frozenset[str]


def patterns() -> list[Compiled]:
    """Every compiled pattern, each once."""
    found: dict[int, Compiled] = {}
    for module in _modules():
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            for place, pattern in _within(f"{module.__name__}.{name}", value, module.__name__, _DEEPEST):
                known = found.setdefault(id(pattern), Compiled(place, pattern, frozenset()))
                # A module that imports a pattern may do something else with it.
                uses = known.uses | _uses(place.rpartition(".")[2], source)
                found[id(pattern)] = replace(known, uses=uses)
    return [compiled if compiled.uses else replace(compiled, uses=_USES) for compiled in found.values()]


def _uses(name: str, source: str) -> frozenset[str]:
    """What a source does with a pattern of that name, as far as it tells."""
    return frozenset(re.findall(rf"\b{re.escape(name)}\.([a-z]+)\(", source)) & _USES


def compiled_late() -> list[str]:
    """Where a source hands `re` a pattern elsewhere than among its constants, and so out of sight of `patterns`."""
    return [
        f"{file.relative_to(ROOT)}:{line}"
        for file in _sources()
        for line in _late_uses(ast.parse(file.read_text(encoding="utf-8")))
    ]


def _modules() -> Iterator[ModuleType]:
    for package in map(importlib.import_module, PACKAGES):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _within(place: str, value: object, module: str, deepest: int) -> Iterator[tuple[str, Pattern]]:
    if isinstance(value, re.Pattern):
        yield place, value
    elif deepest and isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(value):
            yield from _within(f"{place}[{index}]", item, module, deepest - 1)
    elif deepest and isinstance(value, dict):
        for key, item in value.items():
            yield from _within(f"{place}[{key!r:.40}]", item, module, deepest - 1)
            yield from _within(f"{place}[{key!r:.40}]", key, module, deepest - 1)
    elif deepest and hasattr(value, "__dict__") and (_is_record(value) or module in (_home(value), _home(type(value)))):
        for name, item in list(vars(value).items()):
            yield from _within(f"{place}.{name}", item, module, deepest - 1)


def _is_record(value: object) -> bool:
    """Whether a value is of a dataclass of the product, maybe of another module: the rules of a language."""
    return is_dataclass(value) and not isinstance(value, type) and str(_home(type(value))).startswith(PACKAGES)


def _home(value: object) -> object:
    """The module that a class or a value is of."""
    return getattr(value, "__module__", None)


def _sources() -> Iterator[Path]:
    yield from sorted(ROOT.glob("*.py"))
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _late_uses(tree: ast.Module) -> list[int]:
    within = {
        inner
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(function)
    }
    imported = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "re"]
    return imported + [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _USES
        and (node.func.attr != "compile" or node in within)
    ]
