"""All problems of a spec at once.

Pydantic reports every wrong field, but a model with one wrong field never gets to the rules between its
fields, nor do the models around it. So what is wrong is replaced by a placeholder (see `invalid`), and the
document is looked at again until nothing new is found.
"""

import copy
from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from spec.invalid import INVALID, Invalid
from spec.model import Origin
from spec.problems import Code, Finding, KeyPath
from stacks.config import StackFile
from stacks.wording import explain

_ROUNDS: Final = 30  # several times what the depth of the models can need


def validate(
    document: Any, origin: Origin, written: Callable[[KeyPath], str]
) -> tuple[StackFile | None, list[Finding]]:
    """The stack file's model when nothing is wrong with `document`, and else the findings.

    `written` gives a scalar as the file spells it.
    """
    rest = copy.deepcopy(document)
    findings: dict[Finding, None] = {}
    for _ in range(_ROUNDS):
        try:
            model = StackFile.model_validate(rest, context=origin)
        except ValidationError as error:
            wrong = _explained(error, rest, written)
        else:
            return (None if findings else model), list(findings)
        findings |= {finding: None for finding, _ in wrong if _invalid_on(finding.at, rest) is None}
        for at, drop in sorted({_target(finding, rest, drop) for finding, drop in wrong}, key=lambda target: target[1]):
            rest = _without(rest, at, drop=drop)
    return None, list(findings)


def _explained(error: ValidationError, rest: Any, written: Callable[[KeyPath], str]) -> list[tuple[Finding, bool]]:
    """What `error` means, each with whether it is the key that is wrong, rather than its value."""
    wrong: list[tuple[Finding, bool]] = []
    for details in error.errors(include_url=False):
        at = _place(details["loc"], rest)
        of_key = details["loc"][-1:] == ("[key]",)
        found = explain(details, at, written(at))
        wrong += [(finding, of_key or finding.code is Code.UNKNOWN_KEY) for finding in found]
    return wrong


def _target(finding: Finding, rest: Any, drop: bool) -> tuple[KeyPath, bool]:
    """Where to put the placeholder for `finding`: at its place, or around one there, which did not fit."""
    outer = _invalid_on(finding.at, rest)
    return (finding.at, drop) if outer is None else (outer[:-1], False)


def _invalid_on(at: KeyPath, document: Any) -> KeyPath | None:
    """The place of the placeholder on the way to `at`, if there is one."""
    for depth in range(len(at) + 1):
        if isinstance(_value(document, at[:depth]), Invalid):
            return at[:depth]
    return None


def _place(location: tuple[str | int, ...], document: Any) -> KeyPath:
    """Where pydantic's `location` is in the document, whose keys it mixes with the kinds of clusters."""
    at: KeyPath = ()
    value: Any = document
    for step in location:
        if _has(value, step):
            at, value = (*at, step), value[step]
        elif step != "[key]" and not (isinstance(value, dict) and value.get("kind") == step):
            return (*at, step)
    return at


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _value(document: Any, at: KeyPath) -> Any:
    """What is at `at`, or None."""
    for step in at:
        if not _has(document, step):
            return None
        document = document[step]
    return document


def _without(document: Any, at: KeyPath, *, drop: bool) -> Any:
    """`document` with the placeholder at `at`, or around it where none can be put; `drop` removes the key instead."""
    if not at:
        return INVALID
    around, last = _value(document, at[:-1]), at[-1]
    if drop and _has(around, last):
        del around[last]
    elif isinstance(around, dict) or _has(around, last):
        around[last] = INVALID
    elif _invalid_on(at, document) is None:
        return _without(document, at[:-1], drop=False)
    return document
