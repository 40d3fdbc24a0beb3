"""What a preview would do to each resource, from the engine's events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from typing import Any, Final

from pulumi.automation.events import DiffKind, OpType, StepEventMetadata

from automation.preview.in_json import InJson
from automation.preview.values import SECRET, UNKNOWN, at, difference, masked, steps_of

_ALIKE: Final = 0.6  # of the inputs of two resources, from which on one is the other under a new name
_MOST_PAIRS: Final = 2_000  # of a type; who has more of them to compare has no use for guesses


class Operation(StrEnum):
    """What happens to a resource; in the order in which people want to know."""

    DELETE = "delete"
    REPLACE = "replace"
    UPDATE = "update"
    CREATE = "create"
    IMPORT = "import"
    MOVE = "move"  # in the state alone

    @property
    def rank(self) -> int:
        """Its place in that order."""
        return list(Operation).index(self)


_OPERATIONS: Final[Mapping[OpType, Operation]] = {
    OpType.DELETE: Operation.DELETE,
    OpType.REPLACE: Operation.REPLACE,  # the step that stands for the two others of a replacement
    OpType.UPDATE: Operation.UPDATE,
    OpType.CREATE: Operation.CREATE,
    OpType.IMPORT: Operation.IMPORT,
}
_FORCING: Final = frozenset({DiffKind.ADD_REPLACE, DiffKind.DELETE_REPLACE, DiffKind.UPDATE_REPLACE})


@dataclass(frozen=True)
class Cause(InJson):
    """A place in the stack file that was edited, and that a change comes from; `gone` where only the base has it."""

    file: str
    line: int
    where: str
    lines: tuple[str, ...]
    gone: bool = False


@dataclass(frozen=True)
class Difference(InJson):
    """A property that changes: `lines` begin with `-`, `+` or a space. `forces` says that it takes a replacement."""

    path: str
    lines: Sequence[str]
    forces: bool


@dataclass(frozen=True)
class Change(InJson):
    """What happens to one resource.

    `was` is the name that it had before in the state, `becomes` what looks like the same under another name, made
    anew, and `came_from` the reverse of it. `follows` are resources whose replacement forces this one. Of what is
    `protected` the engine refuses the loss; one that is `guarded` takes an approval (`guard`).
    """

    operation: Operation
    urn: str
    type: str
    name: str
    differences: Sequence[Difference] = ()
    causes: Sequence[Cause] = ()
    follows: Sequence[str] = ()
    was: str = ""
    becomes: str = ""
    came_from: str = ""
    protected: bool = False
    guarded: bool = False
    old: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # inputs, masked
    new: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def title(self) -> str:
        """The type and the name: `aws:eks/nodeGroup:NodeGroup dev-general`."""
        return f"{self.type} {self.name}"

    @property
    def is_loss(self) -> bool:
        """Whether something that stands is lost by it."""
        return self.operation in (Operation.DELETE, Operation.REPLACE)

    @property
    def forced_by(self) -> list[str]:
        """The properties that cannot be changed in place."""
        return [each.path for each in self.differences if each.forces]

    @property
    def properties(self) -> frozenset[str]:
        """The top-level properties that change; those that force a replacement, if some do."""
        paths = self.forced_by or [each.path for each in self.differences]
        return frozenset(map(_top, paths))


def changes_of(steps: Iterable[StepEventMetadata]) -> list[Change]:
    """The changes that a preview's steps are, what is lost first; components, which are only names, are left out."""
    taken = sorted((each for each in steps if _is_real(each)), key=lambda each: each.urn)
    found = [change for step in taken if (change := _change(step))]
    return sorted(_renamed(_following(found, taken)), key=_order)


def _order(change: Change) -> tuple[int, str, str, str]:
    return change.operation.rank, change.type, change.name, change.urn


def _is_real(step: StepEventMetadata) -> bool:
    state = step.new or step.old
    return bool(state and state.custom)


def _change(step: StepEventMetadata) -> Change | None:
    was = _name(step.old.urn) if step.old and step.old.urn != step.urn else ""
    operation = _OPERATIONS.get(step.op) or (Operation.MOVE if was and step.op is OpType.SAME else None)
    if operation is None:
        return None
    old, new = (_inputs(state) for state in (step.old, step.new))
    return Change(
        operation,
        step.urn,
        step.type,
        _name(step.urn),
        _differences(step) if operation in (Operation.REPLACE, Operation.UPDATE) else (),
        was=was,
        protected=bool(step.old and step.old.protect),
        old=old,
        new=new,
    )


def _inputs(state: Any) -> Mapping[str, Any]:
    """A resource's inputs; of a Secret no content, whoever made it."""
    inputs: dict[str, Any] = masked((state and state.inputs) or {})
    if state and state.type.startswith("kubernetes:core/v1:Secret"):
        inputs |= {key: SECRET for key in ("data", "stringData") if key in inputs}
    return inputs


def _differences(step: StepEventMetadata) -> list[Difference]:
    new, old = _inputs(step.new), _inputs(step.old)
    outputs = masked((step.old and step.old.outputs) or {})
    details = step.detailed_diff or {}
    found = [
        _difference(path, at(old if kind.input_diff else {**old, **outputs}, path), at(new, path), kind.diff_kind)
        for path, kind in sorted(details.items())
    ]
    covered = {_top(each.path) for each in found}
    forcing = step.keys or ()
    for key in sorted({*(step.diffs or ()), *forcing} - covered - details.keys()):
        kind = DiffKind.UPDATE_REPLACE if key in forcing else DiffKind.UPDATE
        found.append(_difference(key, at(old, key), at(new, key), kind))
    return found


def _difference(path: str, before: Any, after: Any, kind: DiffKind) -> Difference:
    lines = difference(before, after)
    if before == after == SECRET:
        lines = [f"- {SECRET}", f"+ {SECRET}"]
    return Difference(path, lines, kind in _FORCING)


def _top(path: str) -> str:
    """The top-level property that a path leads into."""
    return str(steps_of(path)[0])


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _following(changes: Sequence[Change], steps: Iterable[StepEventMetadata]) -> Iterator[Change]:
    """Changes with the replaced or deleted resources whose outputs they had, where these force them."""
    lost = {each.urn: each.title for each in changes if each.is_loss}
    had: dict[str, str] = {}
    for step in steps:
        if step.urn in lost and step.old:
            values = [step.old.id, *(masked(step.old.outputs or {})).values()]
            given = set(_scalars(list(_inputs(step.old).values())))
            had |= {value: step.urn for value in _scalars(values) if value not in given}
    for change in changes:
        sources = {
            had[value]
            for path in change.forced_by
            for value in _scalars([at(change.old, path)])
            if had.get(value, change.urn) != change.urn
        }
        yield replace(change, follows=sorted(lost[urn] for urn in sources))


def _scalars(value: Any) -> Iterator[str]:
    """The texts in a value that are long enough to be somebody's."""
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _scalars(item)
    elif isinstance(value, str) and len(value) >= len("sg-0"):
        yield value


def _renamed(changes: Iterable[Change]) -> list[Change]:
    """Changes in which what is deleted and what is created know of each other, where one is the other renamed."""
    found = {each.urn: each for each in changes}
    for likeness, old, new in sorted(_pairs(found.values()), reverse=True):
        if likeness >= _ALIKE and not found[old].becomes and not found[new].came_from:
            found[old] = replace(found[old], becomes=_name(new))
            found[new] = replace(found[new], came_from=_name(old))
    return list(found.values())


def _pairs(changes: Iterable[Change]) -> Iterator[tuple[float, str, str]]:
    """What is deleted and what is created of the same type, with how alike the two are."""
    by_type: dict[str, tuple[list[Change], list[Change]]] = {}
    for change in changes:
        if change.operation in (Operation.DELETE, Operation.CREATE):
            by_type.setdefault(change.type, ([], []))[change.operation is Operation.CREATE].append(change)
    for gone, made in by_type.values():
        if len(gone) * len(made) <= _MOST_PAIRS:
            inputs = {each.urn: dict(_leaves(each.old or each.new)) for each in (*gone, *made)}
            for old, new in product(gone, made):
                yield _likeness(old.name, inputs[old.urn], new.name, inputs[new.urn]), old.urn, new.urn


def _likeness(was: str, before: Mapping[str, str], now: str, after: Mapping[str, str]) -> float:
    """How much of the inputs of two resources is the same, but for what their names differ in."""
    was, now = _distinct(was, now)
    same = sum(
        value == UNKNOWN or (before[path].replace(was, now) if was else before[path]) == value
        for path, value in after.items()
        if path in before
    )
    return same / max(len(before.keys() | after.keys()), 1)


def _distinct(old: str, new: str) -> tuple[str, str]:
    """What is left of two names without their common beginning and end."""
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    return old[start : len(old) - end], new[start : len(new) - end]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping | list) and value:
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, f"{path}.{key}")
    else:
        yield path, str(value)
