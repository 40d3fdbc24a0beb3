"""Faults in a module: cosmic-ray's operators, each applied to one place of its source.

Where an operator could put several things into one place (eleven operators instead of `+`), one is drawn. Left out is
what is for the type checker: annotations, the arguments of `dataclass` (`frozen=True`), and the `*` behind which
arguments have to be named.
"""

import ast
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from common.paths import CHECKOUT
from tests.support.locked import installed

_LOCK: Final = Path(__file__).with_name("mutation.lock")
Span = tuple[tuple[int, int], tuple[int, int]]  # line and column of both ends


@dataclass(frozen=True)
class Mutant:
    """A module with one fault in it."""

    file: Path
    line: int
    operator: str
    source: str

    @property
    def module(self) -> str:
        """The name by which it is imported."""
        return ".".join(self.file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")

    @property
    def title(self) -> str:
        """Where it is and what it does: `policy/nodes.py:12 NumberReplacer: count = 1 -> count = 2`."""
        before, after = self.file.read_text().splitlines()[self.line - 1], self.source.splitlines()[self.line - 1]
        place = f"{self.file.relative_to(CHECKOUT)}:{self.line}"
        return f"{place} {self.operator}: {before.strip()} -> {after.strip()}"


def install_operators() -> None:
    """Have cosmic-ray in the cache; whoever has another cache afterwards has it nevertheless."""
    packages = str(installed(_LOCK))
    if packages not in sys.path:
        sys.path.append(packages)


def sample_of(files: Sequence[Path], count: int) -> dict[Path, list[Mutant]]:
    """`count` places of all that `files` have, by file; the same ones each time.

    Files are drawn by their length, as reading them all would take longer than trying their mutants.
    """
    lengths = [len(file.read_text().splitlines()) for file in files]
    draw = random.Random(str(len(files)))  # noqa: S311 - repeatable
    drawn = Counter(draw.choices(files, lengths, k=count))
    return {file: mutants_of(file, count=drawn[file]) for file in files if file in drawn}


def mutants_of(file: Path, part: int = 1, count: int | None = None) -> list[Mutant]:
    """The places of a file that can be broken, in the order of the text, each broken in one way.

    Of a `part` of 5, a fifth of the places is drawn, rounded up; or `count` of them. A draw is the same each time.
    """
    source = file.read_text()
    tools = _Tools(source)
    draw, silent = random.Random(file.name), list(_for_the_type_checker(source))  # noqa: S311 - repeatable
    ways: dict[tuple[tuple[int, int], str], list[tuple[str, int]]] = defaultdict(list)
    for name in tools.operators:
        for occurrence, (start, _) in enumerate(tools.places(name)):
            if not any(first <= start < last for first, last in silent):
                ways[start, name.partition("_")[0]].append((name, occurrence))
    wanted = min(count, len(ways)) if count else -(-len(ways) // part)
    mutants = (
        Mutant(file, start[0], family, tools.broken(*draw.choice(choices)))
        for (start, family), choices in sorted(draw.sample(sorted(ways.items()), wanted))
    )
    return [mutant for mutant in mutants if mutant.source != source]


def _for_the_type_checker(source: str) -> Iterator[Span]:
    for node in ast.walk(ast.parse(source)):
        decorators = (it for it in getattr(node, "decorator_list", ()) if isinstance(it, ast.Call))
        arguments = [each for it in decorators if ast.unparse(it.func) == "dataclass" for each in it.keywords]
        for found in (*arguments, getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(found, ast.expr | ast.keyword):
                assert found.end_lineno is not None, "parsed"
                assert found.end_col_offset is not None, "parsed"
                yield (found.lineno, found.col_offset), (found.end_lineno, found.end_col_offset)
        if isinstance(node, ast.arguments) and node.args and node.kwonlyargs and not node.vararg:
            last, named = (node.defaults or node.args)[-1], node.kwonlyargs[0]
            assert last.end_lineno is not None, "parsed"
            assert last.end_col_offset is not None, "parsed"
            yield (last.end_lineno, last.end_col_offset), (named.lineno, named.col_offset)


class _Tools:
    """cosmic-ray's operators on a source; its runner would start the tests anew each time, which takes seconds."""

    def __init__(self, source: str) -> None:
        self._trees: Any = import_module("cosmic_ray.ast")
        self._provider: Any = import_module("cosmic_ray.operators.provider").OperatorProvider()
        self.operators = [name for name in self._provider if not self._provider[name].arguments()]
        self._source, self._nodes = source, list(self._trees.ast_nodes(self._trees.get_ast(source)))

    def places(self, operator: str) -> Iterator[Span]:
        """Where an operator can break the source, in the order in which it counts."""
        positions = self._provider[operator]().mutation_positions
        for node in self._nodes:
            yield from positions(node)

    def broken(self, operator: str, occurrence: int) -> str:
        """The source with one place broken; as it was where the operator cannot do it (`except module.Error`)."""
        tool = self._provider[operator]()

        class Visitor(self._trees.Visitor):  # type: ignore[misc,name-defined]  # of a module that mypy does not see
            seen = 0

            def visit(self, node: Any) -> Any:
                for index, _ in enumerate(tool.mutation_positions(node)):
                    if self.seen == occurrence:
                        with suppress(AttributeError):
                            node = tool.mutate(node, index)
                    self.seen += 1
                return node

        changed: str = Visitor().walk(self._trees.get_ast(self._source)).get_code()
        return changed
