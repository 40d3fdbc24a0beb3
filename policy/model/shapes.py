"""Whether objects are such as the API server takes at all: fields with values of their types.

The types are those of the API server's own description (shapes.json, written by tests/policy/exam/test_shapes.py from
v1.36.3). What rules get to see is as the API server keeps it: null is nothing, or an empty value in a list or a map.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple

from policy.model.unknown import known

FILE: Final = Path(__file__).with_name("shapes.json")
_METADATA: Final = "meta.v1.ObjectMeta"
_QUANTITY: Final = "a quantity"
_MAPPING: Final = "a mapping"
_PERCENT: Final = "a number, or a percentage such as 25%"
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")


class Damage(NamedTuple):
    """A field that the API server cannot read, what is there, and what it takes."""

    path: str
    found: str
    allowed: str


@dataclass
class Reading:
    """The properties of an object as far as the API server can read them, and what it cannot read."""

    properties: Mapping[str, Any]
    damages: list[Damage] = field(default_factory=list)

    def refuse(self, path: str, value: Any, allowed: str) -> None:
        """Note that there is something else at `path` than what is allowed."""
        self.damages.append(Damage(path, _named(value), allowed))


def read(api_version: str, kind: str, properties: Mapping[str, Any]) -> Reading:
    """An object as the API server reads it; of kinds that are not its own, the metadata."""
    name = _name_of(api_version, kind)
    fields = _fields(name) if name else {"metadata": _METADATA}
    reading = Reading(properties)
    reading.properties = _of_struct(properties, fields, "", reading)
    return reading


@cache
def _types() -> Mapping[str, Mapping[str, Any]]:
    types: Mapping[str, Mapping[str, Any]] = json.loads(FILE.read_text())
    return types


def _fields(name: str) -> Mapping[str, Any]:
    return _types()[name]


@cache
def _name_of(api_version: str, kind: str) -> str:
    """The name of a kind's type, if the kind is Kubernetes' own; of another version where this one is not served."""
    group, _, version = api_version.rpartition("/")
    if "." in group and not group.endswith(".k8s.io"):
        return ""
    exact = f"{group.partition('.')[0] or 'core'}.{version}.{kind}"
    others = (name for name in _types() if name.endswith(f".{kind}") and "metadata" in _fields(name))
    return exact if exact in _types() else next(others, "")


def _of_struct(value: Mapping[str, Any], fields: Mapping[str, Any], path: str, reading: Reading) -> Mapping[str, Any]:
    """A mapping with its fields as the API server reads them; null is no value, and what it does not know is kept."""
    changed: dict[str, Any] = {}
    for key in value:
        if key in fields:
            item = value[key]
            where = f"{path}.{key}" if path else key
            kept = None if item is None else _read(item, fields[key], where, reading)
            if kept is not item or item is None:
                changed[key] = kept
    if not changed:
        return value
    return {key: item for key, item in {**value, **changed}.items() if item is not None or key not in changed}


def _read(value: Any, type_: Any, path: str, reading: Reading) -> Any:
    """A value as the API server reads it, None where it cannot."""
    if not known(value):
        return value
    if isinstance(type_, list):
        return _list(value, type_[0], path, reading)
    if isinstance(type_, dict):
        return _map(value, type_["*"], path, reading)
    if type_ in _types():
        return _struct(value, type_, path, reading)
    if not _SCALARS[type_](value):
        reading.refuse(path, value, type_)
        return None
    return value


def _list(value: Any, type_: Any, path: str, reading: Reading) -> Any:
    if not isinstance(value, list | tuple):
        reading.refuse(path, value, "a list")
        return None
    kept = []
    for index, item in enumerate(value):
        read_ = _read(_empty(type_) if item is None else item, type_, f"{path}[{index}]", reading)
        kept.append(_empty(type_) if read_ is None else read_)
    return kept if any(one is not other for one, other in zip(kept, value, strict=True)) else value


def _map(value: Any, type_: Any, path: str, reading: Reading) -> Any:
    if not isinstance(value, Mapping):
        reading.refuse(path, value, _MAPPING)
        return None
    kept = {
        key: _empty(type_) if item is None else _read(item, type_, f"{path}[{key}]", reading)
        for key, item in value.items()
    }
    if all(kept[key] is item for key, item in value.items()):
        return value
    return {key: item for key, item in kept.items() if item is not None}


def _struct(value: Any, name: str, path: str, reading: Reading) -> Any:
    if not isinstance(value, Mapping):
        reading.refuse(path, value, _MAPPING)
        return None
    kept = _of_struct(value, _fields(name), path, reading)
    if check := _VALUES.get(name):
        wrong = dict(check(kept))
        for key, allowed in wrong.items():
            reading.refuse(f"{path}.{key}", kept.get(key), allowed)
        if wrong:
            return {key: item for key, item in kept.items() if key not in wrong}
    return kept


def _empty(type_: Any) -> Any:
    """What null is in a list or a map."""
    if isinstance(type_, list):
        return []
    if isinstance(type_, dict) or type_ in _types():
        return {}
    return _ZEROS.get(type_)


def _named(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case Mapping():
            return _MAPPING
        case _:
            return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == int(value)


_SCALARS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "text": lambda value: isinstance(value, str),
    "true or false": lambda value: isinstance(value, bool),
    "a whole number": _is_whole,
    "a number": _is_number,
    "a number or text": lambda value: isinstance(value, str) or _is_whole(value),
    _QUANTITY: lambda value: isinstance(value, str) or _is_number(value),
    "anything": lambda _: True,
}
_ZEROS: Final[Mapping[str, Any]] = {
    "text": "",
    "true or false": False,
    "a whole number": 0,
    "a number": 0,
    "a number or text": 0,
    _QUANTITY: "0",
}
Values = Mapping[str, Any]


def _selector_requirement(value: Values) -> Iterator[tuple[str, str]]:
    yield from _required(value, "key")
    yield from _one_of(value, "operator", _OPERATORS)


def _node_requirement(value: Values) -> Iterator[tuple[str, str]]:
    yield from _required(value, "key")
    yield from _one_of(value, "operator", (*_OPERATORS, "Gt", "Lt"))
    bounds = value.get("values") or ()
    if known(value.get("operator")) and value.get("operator") in ("Gt", "Lt") and not _is_one_number(bounds):
        yield "values", "one whole number as text"


def _is_one_number(values: Any) -> bool:
    return len(values) == 1 and bool(not known(values[0]) or values[0].removeprefix("-").isdigit())


def _block(value: Values) -> Iterator[tuple[str, str]]:
    addresses = "addresses such as 10.0.0.0/8"
    if not _is_cidr(value.get("cidr")):
        yield "cidr", addresses
    if not all(map(_is_cidr, value.get("except") or ())):
        yield "except", addresses


def _is_cidr(value: Any) -> bool:
    if not known(value):
        return True
    try:
        return bool(value and ip_network(value, strict=False))
    except ValueError:
        return False


def _amounts(*keys: str) -> Callable[[Values], Iterator[tuple[str, str]]]:
    """A check of fields that hold a number or a percentage."""

    def check(value: Values) -> Iterator[tuple[str, str]]:
        for key in keys:
            given = value.get(key)
            if isinstance(given, str) and not (given.endswith("%") and given[:-1].isdigit()):
                yield key, _PERCENT

    return check


def _needs(*keys: str) -> Callable[[Values], Iterator[tuple[str, str]]]:
    """A check that fields are there."""
    return lambda value: (found for key in keys for found in _required(value, key))


def _required(value: Values, key: str) -> Iterator[tuple[str, str]]:
    if known(value.get(key)) and value.get(key) in (None, ""):
        yield key, "a value"


def _one_of(value: Values, key: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if known(value.get(key)) and value.get(key) not in names:
        yield key, ", ".join(names)


_VALUES: Final[Mapping[str, Callable[[Values], Iterator[tuple[str, str]]]]] = {
    "meta.v1.LabelSelectorRequirement": _selector_requirement,
    "core.v1.NodeSelectorRequirement": _node_requirement,
    "core.v1.ScopedResourceSelectorRequirement": _needs("scopeName", "operator"),
    "core.v1.ContainerPort": _needs("containerPort"),
    "core.v1.Taint": _needs("key", "effect"),
    "networking.v1.IPBlock": _block,
    "apps.v1.RollingUpdateDeployment": _amounts("maxSurge", "maxUnavailable"),
    "apps.v1.RollingUpdateDaemonSet": _amounts("maxSurge", "maxUnavailable"),
    "policy.v1.PodDisruptionBudgetSpec": _amounts("minAvailable", "maxUnavailable"),
}
"""What is asked of values beyond their types, where rules reckon with them: pkg/apis/*/validation (v1.36.3)."""
