"""The tree of modules: no circles of imports, nothing too large to find something in, each class name once."""

import ast
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from tests.serving import ROOT

PACKAGES = ("agents", "backend", "evaluation", "frontdesk", "knowledge", "ui")
MODULES = sorted(path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py"))
_MOST_LINES, _MOST_MODULES = 299, 17


def test_no_modules_import_each_other_in_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    assert len(graph.modules) > 300
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_no_module_is_too_long() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {str(path): count for path, count in lines.items() if count > _MOST_LINES} == {}


def test_no_folder_holds_too_many_modules() -> None:
    folders = Counter(
        path.parent for path in MODULES if path.name != "__init__.py" and path.relative_to(ROOT).parts[0] != "tests"
    )
    assert {str(folder): count for folder, count in folders.items() if count > _MOST_MODULES} == {}


def test_no_class_name_stands_in_two_modules() -> None:
    where: defaultdict[str, set[str]] = defaultdict(set)
    for path in (path for path in MODULES if path.relative_to(ROOT).parts[0] != "tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                where[node.name.lstrip("_")].add(str(path.relative_to(ROOT)))
    assert len(where) > 500
    assert {name: sorted(paths) for name, paths in where.items() if len(paths) > 1} == {}
