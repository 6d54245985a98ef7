"""Tests that no module of the four rooms (folders of code) imports itself through others.

A made-up cycle must be found.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from warehouse.home import PROJECT

ROOMS = ("warehouse", "checks", "assets", "pipelines")

Graph = dict[str, set[str]]


def modules(folder: Path) -> dict[str, Path]:
    """Return the path of every module of the rooms, keyed by the module's dotted name.

    A package is keyed by its folder.
    """
    paths = [path for room in ROOMS for path in sorted((folder / room).rglob("*.py"))]
    return {".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is loaded.

    The bodies of functions and of `if TYPE_CHECKING` are left out.
    """
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING"):
            yield from statements(statement.orelse)
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from statements(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from statements(handler.body)


def imports(folder: Path) -> Graph:
    """Return, for each module of the rooms, the other modules of the rooms that it imports when it is loaded."""
    paths = modules(folder)
    graph: Graph = {name: set() for name in paths}
    for name, path in paths.items():
        for statement in statements(ast.parse(path.read_text(encoding="utf-8")).body):
            if isinstance(statement, ast.Import):
                imported = [alias.name for alias in statement.names]
            elif isinstance(statement, ast.ImportFrom):
                imported = [
                    inner if (inner := f"{statement.module}.{alias.name}") in paths else str(statement.module)
                    for alias in statement.names
                ]
            else:
                continue
            graph[name] |= {module for module in imported if module in paths}
    return graph


def cycle(graph: Graph) -> list[str]:
    """Return the modules of a cycle in the order in which they import each other.

    Return an empty list if there is no cycle.
    """
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_module_imports_itself_through_others() -> None:
    assert not cycle(imports(PROJECT))


def test_the_test_of_cycles_sees_what_is_run_and_only_that(tmp_path: Path) -> None:
    for name, text in {
        "assets/one.py": "from assets import two\n",
        "assets/two.py": "try:\n    import pipelines.three\nexcept ImportError:\n    pass\n",
        "pipelines/three.py": "def late():\n    from assets.one import x\n",
        "checks/four.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from checks.five import x\n",
        "checks/five.py": "from checks.four import x\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert imports(tmp_path)["assets.two"] == {"pipelines.three"}
    assert not cycle(imports(tmp_path))
    (tmp_path / "pipelines" / "three.py").write_text("class Early:\n    from assets.one import x\n", encoding="utf-8")
    assert set(cycle(imports(tmp_path))) == {"assets.one", "assets.two", "pipelines.three"}
