"""Which source files of a project run when a program of it does, found from the imports in them.

An import in a function runs when the function is called, and one under `TYPE_CHECKING` never; so these are told apart.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from automation.program_errors import does_not_compile


class Import(NamedTuple):
    """A module that another one imports: when it is imported itself, or later, in a function of its."""

    module: str
    late: bool


@dataclass(frozen=True)
class Source:
    """A Python file: its module's name (a package's for `__init__.py`), and what is in it."""

    name: str
    path: Path

    @cached_property
    def content(self) -> bytes:
        """The file as it is."""
        return self.path.read_bytes()

    @cached_property
    def imported(self) -> frozenset[Import]:
        """What it imports, each by the longest name that may be one of a module; ProgramError (PK001) if it is no
        Python."""
        try:
            tree = ast.parse(self.content, self.path.name)
        except (SyntaxError, ValueError) as error:  # ValueError: Python 3.11 of null bytes
            raise does_not_compile(self.path, error) from None
        return frozenset(_imports(tree.body, self._package, late=False))

    def says(self, text: str) -> bool:
        """Whether a text stands in it by itself, such as the name of a file."""
        return any(f"{quote}{text}{quote}".encode() in self.content for quote in "\"'")

    @property
    def _package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Sources:
    """The Python files below `directory`, each read once."""

    directory: Path
    _known: dict[str, Source | None] = field(default_factory=dict)

    def reached(self, program: str, runs: Callable[[str, Import], bool]) -> Mapping[str, Source]:
        """The files that run with `program`, by their paths below the directory.

        `runs` says of a module and an import in it whether that is carried out.
        """
        path = self.directory / program
        if not path.is_file():
            return {}
        found = {program: Source("__main__", path)}
        waiting = list(found.values())
        while waiting:
            source = waiting.pop()
            for each in sorted(source.imported):
                if runs(source.name, each):
                    for new in self._executed(each.module):
                        shown = new.path.relative_to(self.directory).as_posix()
                        if shown not in found:
                            found[shown] = new
                            waiting.append(new)
        return found

    def _executed(self, module: str) -> Iterator[Source]:
        """The files that importing a module runs: its own and those of the packages around it."""
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            if source := self._source(".".join(parts[:length])):
                yield source

    def _source(self, module: str) -> Source | None:
        if module not in self._known:
            place = self.directory.joinpath(*module.split("."))
            files = (place / "__init__.py", place.with_suffix(".py"))
            self._known[module] = next((Source(module, file) for file in files if file.is_file()), None)
        return self._known[module]


def _imports(statements: Iterable[ast.stmt], package: str, *, late: bool) -> Iterator[Import]:
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            around = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*around, *([node.module] if node.module else [])])
            yield from (Import(f"{module}.{alias.name}", late) for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imports(node.orelse, package, late=late)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(_within(node), package, late=late or inside)


def _within(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statements in a statement: no expression has any, and looking at all of them takes ten times as long."""
    for part in ("body", "orelse", "finalbody"):
        yield from getattr(node, part, ())
    for part in ("handlers", "cases"):
        for branch in getattr(node, part, ()):
            yield from branch.body
