"""A class whose name another class of the program has too: a reader who meets the one thinks of the other."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from common.paths import CHECKOUT
from devtools import ROOMS

ALLOWED: Final = {
    "Resource": "one of the engine's to policies, one of the stand-in cloud's to rehearsals; the rooms never meet",
    "Taint": "Kubernetes' own word: of a node pool, and of a node in kubeadm's documents",
}


def classes() -> Iterator[tuple[str, str]]:
    """Each class that other modules may import, and where it is."""
    for file in (file for room in ROOMS for file in (CHECKOUT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, f"{file.relative_to(CHECKOUT)}:{node.lineno}"


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for name, place in classes():
        places[name].append(place)
    repeated = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in repeated.items() if name not in ALLOWED} == {}
    assert set(ALLOWED) == set(repeated), "what is allowed no longer repeats"
