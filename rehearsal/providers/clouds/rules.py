"""What a stand-in cloud knows of its resource types beyond the schema: `rules.yaml` of each cloud says what."""

import fnmatch
import json
import re
import secrets
import string
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import yaml

from common.wire import Properties
from rehearsal.providers.clouds.read_back import ReadBack, parsed
from rehearsal.providers.clouds.schema import Schema

_HEX: Final = re.compile(r"hex(\d+)")
_KEYS: Final = frozenset(
    {"id", "named", "automatic", "order", "replace", "adding", "outputs", "in", "uses", "conflicts", "leftOut"}
    | {"readBack", "keepsName", "patient", "adopts", "along", "replaceIf"}
)
_SOURCED: Final = ("keepsName", "patient", "adopts", "replaceIf")


@dataclass(frozen=True)
class TypeRules:
    """The rules of one type; `replace` and `adding` are patterns of property paths.

    `automatic` says how a name is made up: random, copy or uuid. `order` is delete-first or create-first where a
    replacement does not go by the name. `replace_if` says of which changes of a property (a key of `CHANGES`) depends
    whether it makes a new resource. `patient` is in seconds, for the operation `patient_on` or for all; `sources` tells
    where `keepsName`, `patient`, `adopts` and `replaceIf` are known from. `along` has the types that go with it, by the
    input that says so.
    """

    id: str
    named: str
    automatic: str
    order: str
    replace: tuple[str, ...]
    adding: tuple[str, ...]
    replace_if: Mapping[str, str]
    outputs: Mapping[str, Any]
    inside: Mapping[str, str]
    uses: Mapping[str, str]
    conflicts: tuple[tuple[str, ...], ...]
    read_back: tuple[ReadBack, ...]
    keeps_name: bool
    patient: float
    patient_on: str
    adopts: bool
    along: Mapping[str, Sequence[str]]
    sources: Mapping[str, str]

    def patience(self, operation: str) -> float:
        """For how many seconds the provider tries again in an operation (create, update, delete)."""
        return self.patient if self.patient_on in ("", operation) else 0.0

    def changes_into_another(self, path: str, old: Any, new: Any) -> bool:
        """Whether a change at `path` from one value to another (None for what is not there) makes a new resource."""
        condition = self.replace_if.get(path)
        by_value = bool(condition) and CHANGES[str(condition)](old, new)
        return by_value or self.replaces(path, removed=new is None)

    def replaces(self, path: str, *, removed: bool) -> bool:
        """Whether a change at `path` (`a.b[0].c`), or its removal, makes a new resource."""
        plain = path.replace("[", ".").replace("]", "")
        patterns = self.replace + (self.adding if removed else ())
        # A list of plain values changes as a whole: `subnetIds[1]` is a change of `subnetIds`.
        return any(fnmatch.fnmatchcase(candidate, pattern) for pattern in patterns for candidate in _with_list(plain))

    @property
    def references(self) -> Mapping[str, str]:
        """Every property that refers to another resource, with the type that it refers to."""
        return {**self.inside, **self.uses}


@dataclass(frozen=True)
class RuleBook:
    """The rules of one cloud; `errors` maps what can go wrong to a status and the cloud's words for it.

    `sources` says where the rules of a kind (words of known.py) are known from.
    """

    types: Mapping[str, TypeRules]
    wrapper: str
    errors: Mapping[str, Sequence[Any]]
    sources: Mapping[str, str]


def read_rules(path: Path, schema: Schema) -> RuleBook:
    """The rules in the package of a cloud; those for every type hold where a type has the property."""
    content = yaml.load((path / "rules.yaml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    errors = dict(content["errors"])
    types = {
        token: _rules(rule, content["everywhere"], schema.properties(token)) for token, rule in content["types"].items()
    }
    return RuleBook(types, errors.pop("wrapper"), errors, content["sources"])


def _rules(rule: Mapping[str, Any], everywhere: Mapping[str, Any], properties: Collection[str]) -> TypeRules:
    if unknown := rule.keys() - _KEYS:
        raise ValueError(f"no rules are called {', '.join(sorted(unknown))}: {rule}")
    common = {name: template for name, template in everywhere["outputs"].items() if name in properties}
    return TypeRules(
        id=rule["id"],
        named=rule.get("named", ""),
        automatic=rule.get("automatic", "random"),
        order=rule.get("order", ""),
        replace=(*flat(rule.get("replace", [])), *everywhere["replace"]),
        adding=tuple(rule.get("adding", ())),
        replace_if=rule.get("replaceIf", {}).get("when", {}),
        outputs={**common, **rule.get("outputs", {})},
        inside=rule.get("in", {}),
        uses=rule.get("uses", {}),
        conflicts=tuple(tuple(group) for group in rule.get("conflicts", ())),
        read_back=parsed(rule.get("readBack", {})),
        keeps_name="keepsName" in rule,
        patient=float(rule.get("patient", {}).get("seconds", 0)),
        patient_on=rule.get("patient", {}).get("on", ""),
        adopts="adopts" in rule,
        along=rule.get("along", {}),
        sources={name: rule[name]["source"] for name in _SOURCED if name in rule},
    )


def _shrinks(old: Any, new: Any) -> bool:
    """Whether a number gets smaller, or a range of addresses does not hold all of the old one."""
    if isinstance(old, str) and isinstance(new, str):
        return not ip_network(old).subnet_of(ip_network(new))  # type: ignore[arg-type]
    return old is not None and new is not None and float(new) < float(old)


CHANGES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "shrinks": _shrinks,
    "is cleared": lambda old, new: old is True and new is False,
    "comes or goes": lambda old, new: (old is None) is not (new is None),
    "becomes dedicated": lambda old, new: old != new == "dedicated",
}
"""The changes on which it can depend whether a resource is made anew, with what tells them by old and new value."""


class _Values(dict[str, Any]):
    """What templates may name: properties, and what is new each time."""

    def __missing__(self, name: str) -> Any:
        if found := _HEX.fullmatch(name):
            return secrets.token_hex(int(found[1]))[: int(found[1])]
        match name:
            case "_uuid":
                return str(uuid.uuid4())
            case "_now":
                return datetime.now(UTC).isoformat(timespec="seconds")
            case "_digits":
                return str(secrets.randbelow(9_000_000_000) + 1_000_000_000)
            case "_address":
                return ".".join(str(secrets.randbelow(254) + 1) for _ in range(4))
        raise KeyError(name)


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """`template` with `{property}` filled in, at any depth; None when a property that it names has no value."""
    match template:
        case str():
            known = _Values({key: value for key, value in values.items() if value is not None})
            try:
                return string.Formatter().vformat(template, (), known)
            except KeyError:
                return None
        case Mapping():
            return {key: fill(item, values) for key, item in template.items()}
        case list():
            return [fill(item, values) for item in template]
    return template


def at_path(properties: Mapping[str, Any], path: str) -> Iterator[Any]:
    """Every value at `path` (`vpcConfig.subnetIds`), through lists, without what is not there."""
    values: list[Any] = [properties]
    for name in path.split("."):
        values = [value.get(name) for value in flat(values) if isinstance(value, Mapping)]
    yield from (value for value in flat(values) if value is not None)


def value_at(properties: Mapping[str, Any], path: str) -> Any:
    """The value at `path`, through maps alone; None if there is none."""
    value: Any = properties
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def changes(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two property values differ: path, old and new value (None for what is not there)."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from changes(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before, after = (items[index] if index < len(items) else None for items in (old, new))
            yield from changes(before, after, f"{path}[{index}]")
    elif json.dumps(old, default=repr) != json.dumps(new, default=repr):
        yield path, old, new


def merged(under: Any, over: Any) -> Any:
    """`over` on top of `under`, at any depth of maps."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}
    return over


def nested(properties: Mapping[str, Any]) -> Properties:
    """Properties by path (`vpcConfig.vpcId`) as properties within properties."""
    result: Properties = {}
    for path, value in properties.items():
        *parents, last = path.split(".")
        place = result
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return result


def _with_list(path: str) -> Iterator[str]:
    yield path
    if re.search(r"\.\d+$", path):
        yield path.rpartition(".")[0]


def flat(values: Iterable[Any]) -> Iterator[Any]:
    """The values in lists of lists, one after the other."""
    for value in values:
        if isinstance(value, list):
            yield from flat(value)
        else:
            yield value
