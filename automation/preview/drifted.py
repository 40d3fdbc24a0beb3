"""What a refresh finds otherwise than the state says, by resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from pulumi.automation.events import OpType, StepEventMetadata

from automation.preview.changes import Difference
from automation.preview.in_json import InJson
from automation.preview.values import at, difference, masked, steps_of
from stacks.config import DriftRule

_OURS: Final = "pulumi"  # what the provider's field managers begin with
_OTHERWISE: Final = frozenset({OpType.UPDATE, OpType.DELETE})  # what a refresh makes of what is not as the state says


@dataclass(frozen=True)
class Drifted(InJson):
    """A resource that is otherwise than the state says: `gone`, or with `differences` from then to now.

    `by` are those that wrote these fields of an object, as the API server remembers: who, how and when.
    """

    urn: str
    type: str
    name: str
    gone: bool
    differences: Sequence[Difference]
    by: Sequence[str] = ()


def drifted(steps: Sequence[StepEventMetadata], ignored: Sequence[DriftRule] = ()) -> Iterator[Drifted]:
    """What a refresh found otherwise, by resource, but for what is ignored."""
    for step in sorted(steps, key=lambda each: each.urn):
        name = step.urn.rpartition("::")[2]
        rules = [rule for rule in ignored if fnmatchcase(name, rule.resource) or fnmatchcase(step.urn, rule.resource)]
        gone = step.op is OpType.DELETE
        if step.op not in _OTHERWISE or any(not rule.properties for rule in rules):
            continue
        given = [] if gone else _from_state_to_now(step)
        paths = [pattern for rule in rules for pattern in rule.properties]
        left = [each for each in given if not any(fnmatchcase(each.path, pattern) for pattern in paths)]
        if gone or left:
            yield Drifted(step.urn, step.type, name, gone, left, [*_writers(step, left)])


def _from_state_to_now(step: StepEventMetadata) -> list[Difference]:
    """What is otherwise in outputs; the engine tells a refresh's paths, and both states."""
    old, new = (masked((state and state.outputs) or {}) for state in (step.old, step.new))
    paths = [*(step.detailed_diff or ())] or sorted(set(step.diffs or ()) or {*old, *new})
    found = [Difference(path, difference(at(old, path), at(new, path)), forces=False) for path in paths]
    return [each for each in found if at(old, each.path) != at(new, each.path)]


def _writers(step: StepEventMetadata, found: Sequence[Difference]) -> Iterator[str]:
    """Who else wrote these properties of a Kubernetes object, and when."""
    outputs = (step.new and step.new.outputs) or {}
    for entry in (outputs.get("metadata") or {}).get("managedFields") or ():
        manager = str(entry.get("manager", ""))
        fields = entry.get("fieldsV1") or {}
        if not manager.startswith(_OURS) and any(_has(fields, steps_of(each.path)) for each in found):
            yield f"{manager}, {entry.get('operation', '')} at {entry.get('time', '')}"


def _has(fields: Any, path: Sequence[str | int]) -> bool:
    """Whether managed fields name a property or one around it: `f:spec: {f:replicas: {}}`."""
    for step in path:
        if not isinstance(fields, Mapping):
            return False
        if isinstance(step, int):  # entries of lists stand by their keys, not by their places
            return bool(fields)
        if f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
    return True
