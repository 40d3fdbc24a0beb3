"""What a rule expects of single fields, as data: for cloud resources, whose rules are mostly tables."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.model.resource import Resource
from policy.model.rule import RuleFinding
from policy.model.unknown import Undetermined

_EACH = "[]"


@dataclass(frozen=True)
class Expect:
    """What must hold of the value at `path` (`pools[].size`: of each item), and what to say where it does not."""

    path: str
    holds: Callable[[Any], bool]
    message: str
    remedy: str


Expectations = Mapping[str, tuple[Expect, ...]]  # by kind of resource


def unmet(resource: Resource, expectations: Expectations) -> Iterator[RuleFinding]:
    """A finding for each field that is not as expected; at last Undetermined, where one is not known yet."""
    unknown: Undetermined | None = None
    for expect in expectations.get(resource.kind, ()):
        try:
            for path, value in values_at(resource.properties, expect.path):
                if not expect.holds(value):
                    yield RuleFinding(resource, path, expect.message, expect.remedy)
        except Undetermined as undetermined:
            unknown = undetermined
    if unknown:
        raise unknown


def values_at(properties: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Path and value of every field that `path` leads to; None for what is not there."""
    key, _, rest = path.partition(".")
    name = key.removesuffix(_EACH)
    value = (properties or {}).get(name)
    found = [(name, value)] if name == key else _numbered(name, value)
    for at, item in found:
        if rest:
            yield from ((f"{at}.{below}", leaf) for below, leaf in values_at(item, rest))
        else:
            yield at, item


def _numbered(name: str, items: Any) -> list[tuple[str, Any]]:
    return [(f"{name}[{index}]", item) for index, item in enumerate(items or ())]


def is_true(value: Any) -> bool:
    """Whether a flag is set; some inputs are the text `true`."""
    return value in (True, "true")


def not_true(value: Any) -> bool:
    """Whether a flag is not set, or not stated where that is the same."""
    return not is_true(value)


def not_false(value: Any) -> bool:
    """Whether a flag is set, or not stated where that is the same."""
    return value not in (False, "false")


def given(value: Any) -> bool:
    """Whether anything is stated."""
    return bool(value)


def one_of(*allowed: Any) -> Callable[[Any], bool]:
    """Whether a value is one of those."""
    return lambda value: value in allowed


def none_of(*refused: Any) -> Callable[[Any], bool]:
    """Whether a value is none of those."""
    return lambda value: value not in refused
