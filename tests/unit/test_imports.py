"""Modules that import each other, be it by way of others, late in a function or for the type checker only.

Which of two such modules is read first then decides what either of them sees, and neither can be understood alone.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from common.paths import CHECKOUT
from devtools import ROOMS


def modules(root: Path, rooms: tuple[str, ...]) -> dict[str, Path]:
    """The files of the rooms, by the names of their modules."""
    files = (file for room in rooms for file in (root / room).rglob("*.py"))
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported(file: Path) -> Iterator[str]:
    """What the file imports anywhere in it, by the longest name that may be a module's."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph(known: dict[str, Path]) -> dict[str, set[str]]:
    """By module what it imports of the others."""
    named = {
        name: (each if each in known else each.rpartition(".")[0] for each in imported(known[name])) for name in known
    }
    return {name: {each for each in others if each in known and each != name} for name, others in named.items()}


def circle(imports: dict[str, set[str]]) -> str:
    """One circle in the graph, or nothing."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return " → ".join(reversed(error.args[1]))
    return ""


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circle(graph(modules(CHECKOUT, ROOMS))) == ""


def test_add_ons_know_of_others_only_what_stands_in_their_spec() -> None:
    """Python runs a package before its modules: two `__init__.py` that want more of each other find half of it."""
    addons = CHECKOUT / "components" / "addons"
    rooms = {f"components.addons.{each.parent.name}" for each in addons.glob("*/__init__.py")}
    assert rooms
    for room in rooms:
        for name in ("__init__.py", "spec.py"):
            file = CHECKOUT.joinpath(*room.split("."), name)
            of_others = {each for each in imported(file) for other in rooms - {room} if each.startswith(f"{other}.")}
            assert {each for each in of_others if each.split(".")[3] != "spec"} == set(), file


@pytest.mark.parametrize(
    "text",
    [
        "from room import a",
        "from room.a import thing",
        "import room.a",
        "def late(): from room.a import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from room.a import thing",
    ],
)
def test_a_circle_is_found_however_it_is_closed(tmp_path: Path, text: str) -> None:
    for name, content in {"a": "from room.b import thing", "b": "import room.c", "c": text}.items():
        (tmp_path / "room").mkdir(exist_ok=True)
        (tmp_path / "room" / f"{name}.py").write_text(content)
    assert circle(graph(modules(tmp_path, ("room",)))).count("→") == 3
