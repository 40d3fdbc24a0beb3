"""What stands of a stack, as its state says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.api.environment import inherited
from automation.api.stacks import project_at
from automation.preview.values import masked
from automation.ready import equip

_ROOT: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Resource:
    """A resource: `parent` is the URN of the component that it is in, empty at the top; a component is not `real`."""

    urn: str
    type: str
    name: str
    parent: str
    real: bool
    protected: bool


@dataclass(frozen=True)
class Standing:
    """The resources of a stack, and its outputs, of which secrets are masked."""

    resources: tuple[Resource, ...] = ()
    outputs: Mapping[str, Any] | None = None


def standing(stack: str, source: Path) -> Standing:
    """What a stack's state has; nothing where there is no such state yet. Nobody else's run is waited for."""
    project = project_at(stack, source)
    engine = project.engine(dict(equip(project.tools, project.cloud).tools), inherited())
    return standing_of(engine.export()) if engine.exists() else Standing()


def standing_of(deployment: Mapping[str, Any]) -> Standing:
    """The same of a state as the engine exports it; what is only pending deletion, and providers, are left out."""
    found = [each for each in deployment.get("resources") or () if not each.get("delete")]
    root: Mapping[str, Any] = next((each for each in found if each["type"] == _ROOT), {})
    return Standing(tuple(_resources(found, root.get("urn", ""))), masked(root.get("outputs") or {}))


def _resources(found: list[Mapping[str, Any]], root: str) -> Iterator[Resource]:
    for each in found:
        if each["urn"] == root or each["type"].startswith("pulumi:providers:"):
            continue
        parent = each.get("parent", "")
        name = each["urn"].rpartition("::")[2]
        yield Resource(
            each["urn"],
            each["type"],
            name,
            "" if parent == root else parent,
            bool(each.get("custom")),
            bool(each.get("protect")),
        )
