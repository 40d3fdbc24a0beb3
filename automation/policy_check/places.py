"""Where what is checked is written: file and line of every object and of its fields."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.model.resource import Resource
from policy.model.unknown import Undetermined
from spec.documents import YamlNode

_STEP: Final = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


@dataclass(frozen=True, eq=False)
class Written(Resource):
    """A resource with the file and the line where it begins; `node` is all of it with lines, where that is known."""

    file: str = ""
    line: int = 0
    node: YamlNode | None = None


def place_of(resource: Resource, path: str = "") -> tuple[str, int]:
    """File and line of a field, or of what is nearest to it; empty and 0 where they are not known."""
    if not isinstance(resource, Written):
        return "", 0
    if resource.node is None or not path:
        return resource.file, resource.line
    node = resource.node
    for step in _steps(path):
        node, found = node.nearest((step,))
        if not found:
            break
    return resource.file, node.line


def by_name(resource: Resource, path: str) -> str:
    """A path with the names of list items in the place of their numbers, where they have some."""
    shown = ""
    value: Any = resource.properties
    for step in _steps(path):
        value = _below(value, step)
        name = value.get("name") if isinstance(step, int) and isinstance(value, Mapping) else None
        shown += f"[{name if isinstance(name, str) else step}]" if isinstance(step, int) else f".{step}"
    return shown.removeprefix(".")


def _steps(path: str) -> Iterator[str | int]:
    """Keys and list indexes of `spec.containers[0].image`; a key may stand in brackets."""
    for name, key in _STEP.findall(path):
        yield int(key) if key.isdigit() else key or name


def _below(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (LookupError, TypeError, Undetermined):
        return None
