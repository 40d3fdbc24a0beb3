"""Which modules have to be imported anew when one of them is another: all that import it, by way of others too."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from common.paths import CHECKOUT


def importers_of(module: str) -> set[str]:
    """The module and those that import it, of the project's that are imported here; tests are among them.

    Those below a package are, too: whoever asks it for one of them has to find it.
    """
    found: set[str] = set()
    ahead = [name for name in sys.modules if name == module or name.startswith(f"{module}.")]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _importers().get(name, ())
    return found


@cache
def _importers() -> Mapping[str, set[str]]:
    importers: dict[str, set[str]] = defaultdict(set)
    for name, file in _ours():
        for imported in _imported(ast.parse(file.read_text()), name):
            importers[imported].add(name)
    return importers


def _ours() -> Iterator[tuple[str, Path]]:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and file.endswith(".py") and Path(file).is_relative_to(CHECKOUT) and "site-packages" not in file:
            yield name, Path(file)


def _imported(tree: ast.AST, importer: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        else:
            continue
        yield from (name for name in names if name in sys.modules and name != importer)
