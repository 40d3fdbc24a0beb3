"""Objects with one field that is not as it should be: every field of the rules' examples, with values of every type."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.policy.cases import CASES
from tests.support.api import Object

_VALUES: Final = ("broken", 7, True, 1.5, ["broken"], {"broken": "x"}, None, [None], {"broken": None})
_NEEDED: Final = frozenset({("apiVersion",), ("kind",), ("metadata",), ("metadata", "name")})  # else it is no object
_Path = tuple[str | int, ...]


def objects_of(rule: str, verdict: str) -> list[Object]:
    """The Kubernetes objects of a rule's example."""
    cases = (case for case in CASES if (case.rule, case.verdict, case.is_example) == (rule, verdict, True))
    return [body for case in cases for body in case.documents() if "resource" not in body]


def damaged(body: Object) -> Iterator[tuple[str, Object]]:
    """Every way to damage a field of an object: what is done to it, and the object."""
    for path in _paths(body):
        for value in _VALUES if path not in _NEEDED else ():
            broken = copy.deepcopy(body)
            *parents, last = path
            place: Any = broken
            for key in parents:
                place = place[key]
            place[last] = copy.deepcopy(value)
            yield f"{body['kind']} {'.'.join(map(str, path))} = {value!r}", broken


def _paths(value: Any, path: _Path = ()) -> Iterator[_Path]:
    if path:
        yield path
    items: Sequence[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, item in items:
        yield from _paths(item, (*path, key))
