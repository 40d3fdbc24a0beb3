"""What a change of a program would make the clouds replace, by what the stand-ins know of them."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import rehearsal.providers.clouds
from rehearsal.providers.clouds.rules import RuleBook, TypeRules, changes, read_rules
from rehearsal.providers.clouds.schema import Schema
from tests.support.registered import Registered

CLOUDS: Final = Path(rehearsal.providers.clouds.__file__).parent
Planned = Mapping[str, Registered]


def replacing_inputs(made: Planned) -> Iterator[str]:
    """`type name: path = value` for each input whose change replaces the resource."""
    for each in made.values():
        if rules := rules_of(each):
            for path, value in leaves(each.inputs):
                if rules.replaces(path, removed=False):
                    yield f"{each.type} {each.name}: {path} = {value}"


def replaced(before: Planned, after: Planned) -> dict[str, str]:
    """What `after` makes anew or no longer has of the resources in `before`: URN → the inputs that cause it."""
    return dict(_replaced(before, after))


def _replaced(before: Planned, after: Planned) -> Iterator[tuple[str, str]]:
    for urn, old in before.items():
        new, rules = after.get(urn), rules_of(old)
        if rules and new is None:
            yield urn, "gone"
        elif rules and new is not None:
            paths = [
                path
                for path, _, value in changes(old.inputs, new.inputs)
                if rules.replaces(path, removed=value is None)
                and path.partition(".")[0].partition("[")[0] not in old.ignore_changes
            ]
            if paths:
                yield urn, ", ".join(paths)


def rules_of(resource: Registered) -> TypeRules | None:
    """What the stand-in knows of a resource of a cloud; None of anything else."""
    package = resource.type.partition(":")[0].replace("-", "_")
    return rule_book(package).types[resource.type] if (CLOUDS / package / "rules.yaml").exists() else None


@cache
def rule_book(package: str) -> RuleBook:
    """What the stand-in knows of a cloud's types."""
    return read_rules(CLOUDS / package, Schema(CLOUDS / package))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value with its path: `nodeConfig.taints[0].key`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
