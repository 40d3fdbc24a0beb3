"""What a stand-in refuses before it acts: misspelt, missing and mistyped inputs, values out of bounds.

Reasons complete the engine's sentence "property length value {0} has a problem: …". They never repeat a
value: the engine shows it where it may be shown.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

from common.wire import UNKNOWN, Properties, has_unknown, plain
from rehearsal.providers.base import Failure
from rehearsal.providers.sdk_schema import ResourceSchema, object_fields

Rule: TypeAlias = Callable[[Any], str]
"""From a known, well-typed value to what is wrong with it; empty when nothing is."""

_SCALARS: Final[Mapping[type, str]] = {str: "a string", int: "an integer", bool: "a boolean"}


def input_problems(schema: ResourceSchema, rules: Mapping[str, Rule], inputs: Properties) -> Iterator[Failure]:
    """Everything wrong with single `inputs`; what is unknown yet gets the benefit of the doubt."""
    for name in sorted(schema.required - inputs.keys()):
        yield Failure(name, "is required")
    for name, value in inputs.items():
        if name not in schema.inputs:
            yield unknown_name(name, name, schema.inputs)
            continue
        mistakes = list(_type_mistakes(name, plain(value), schema.inputs[name]))
        yield from mistakes
        if name in rules and not mistakes and not has_unknown(value) and (reason := rules[name](plain(value))):
            yield Failure(name, reason)


def unknown_name(path: str, name: str, allowed: Iterable[str]) -> Failure:
    """The failure for a property `name` at `path` that is not one of `allowed`."""
    names = sorted(allowed)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return Failure(path, f"is no property here; {hint}allowed: {', '.join(names) or 'none'}")


def _type_mistakes(path: str, value: Any, type_: Any) -> Iterator[Failure]:
    """Where in `value` (secrets unwrapped) something is not of `type_`; unknowns are of every type."""
    origin = get_origin(type_)
    if value is UNKNOWN or type_ is Any:
        return
    if origin is Literal:
        if value not in get_args(type_):
            yield Failure(path, f"must be one of {', '.join(get_args(type_))}")
    elif type_ is float:
        if type(value) not in (int, float):
            yield Failure(path, "must be a number")
    elif type_ in _SCALARS:
        if type(value) is not type_:
            yield Failure(path, f"must be {_SCALARS[type_]}")
    elif origin is None:
        yield from _object_mistakes(path, value, *object_fields(type_))
    elif issubclass(origin, Mapping):
        yield from _map_mistakes(path, value, get_args(type_)[1])
    else:
        yield from _list_mistakes(path, value, get_args(type_)[0])


def _object_mistakes(path: str, value: Any, fields: Mapping[str, Any], required: Set[str]) -> Iterator[Failure]:
    if not isinstance(value, dict):
        yield Failure(path, "must be an object")
        return
    for name in sorted(required - value.keys()):
        yield Failure(f"{path}.{name}", "is required")
    for name, item in value.items():
        if name not in fields:
            yield unknown_name(f"{path}.{name}", name, fields)
        elif item is not None:
            yield from _type_mistakes(f"{path}.{name}", item, fields[name])


def _map_mistakes(path: str, value: Any, item_type: Any) -> Iterator[Failure]:
    if not isinstance(value, dict):
        yield Failure(path, "must be a map")
        return
    for key, item in value.items():
        if item is not None:
            yield from _type_mistakes(f"{path}.{key}", item, item_type)


def _list_mistakes(path: str, value: Any, item_type: Any) -> Iterator[Failure]:
    if not isinstance(value, list):
        yield Failure(path, "must be a list")
        return
    for index, item in enumerate(value):
        yield from _type_mistakes(f"{path}[{index}]", item, item_type)


def at_least(minimum: int) -> Rule:
    """The rule that a number is `minimum` or more."""
    return lambda value: "" if value >= minimum else f"must be at least {minimum}"


def within(minimum: int, maximum: int) -> Rule:
    """The rule that a number lies between the two, inclusive."""
    return lambda value: "" if minimum <= value <= maximum else f"must be from {minimum} to {maximum}"


def one_of(*allowed: str) -> Rule:
    """The rule that a string is one of `allowed`."""
    return lambda value: "" if value in allowed else f"must be one of {', '.join(allowed)}"


def each(rule: Rule) -> Rule:
    """The rule that every item of a list follows `rule`."""
    return lambda items: next((f"item {i} {reason}" for i, item in enumerate(items) if (reason := rule(item))), "")


def accepted_by(parse: Callable[[Any], object], reason: str = "") -> Rule:
    """The rule that `parse` takes the value; otherwise `reason`, or else the text of its ValueError."""

    def rule(value: Any) -> str:
        try:
            parse(value)
        except ValueError as error:
            return reason or str(error)
        return ""

    return rule


def not_modelled(_value: Any) -> str:
    """The rule of inputs that the official provider takes and the stand-in does not."""
    return "is not modelled by the stand-in provider; install the official plugin"
