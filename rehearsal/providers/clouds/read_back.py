"""What a cloud says of a resource where that is not what it was told: `readBack` in the rules of a type.

    readBack:
      nodeConfig: {as: absent, when: removeDefaultNodePool, source: …}
      policy: {as: json, tolerated: true, source: …}
      nodePoolDefaults: {default: {nodeConfigDefaults: {loggingVariant: DEFAULT}}, tolerated: true, source: …}
      tags: {adds: {managed-by: aks}, source: …}

The path goes through lists. `as` is

    absent  it is not told
    lower   in small letters
    upper   in capital letters
    json    with its keys sorted and without blanks
    sorted  a list that is a set, in an order of the cloud's own
    kept    only the state knows it: secrets, and what the provider never reads

`default` is what the cloud fills in (below a parent that is there), `value` what it says whatever it was told, `adds`
what it puts into a map. It holds `when` the input of that path is there and true, not `unless` it is. `tolerated` means
that the provider finds no difference in it (a set, a DiffSuppressFunc, Optional and Computed in Terraform's terms).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from common.wire import Properties

_KINDS: Final = ("absent", "lower", "upper", "json", "sorted", "kept", "default", "value", "adds")
_ABSENT: Final = object()


@dataclass(frozen=True)
class ReadBack:
    """One rule: what becomes of the property at `path`; `argument` goes with default, value and adds."""

    path: str
    kind: str
    argument: Any = None
    when: str = ""
    unless: str = ""
    tolerated: bool = False
    source: str = ""
    test: str = ""

    @property
    def top(self) -> str:
        """The property that it is in."""
        return self.path.partition(".")[0]

    def holds(self, inputs: Mapping[str, Any]) -> bool:
        """Whether the rule is for a resource with these inputs."""
        return (not self.when or bool(_at(inputs, self.when))) and not (self.unless and _at(inputs, self.unless))

    def __str__(self) -> str:
        """The rule in words."""
        said = {
            "absent": "absent",
            "lower": "in small letters",
            "upper": "in capital letters",
            "json": "JSON with sorted keys",
            "sorted": "a set, in another order",
            "kept": "kept in the state alone",
            "default": f"{self.argument} where nothing is given",
            "value": f"{self.argument}",
            "adds": f"with {self.argument} added",
        }[self.kind]
        condition = f" when {self.when}" * bool(self.when) + f" unless {self.unless}" * bool(self.unless)
        return f"{self.path}: {said}{condition}{'; no difference to the provider' * self.tolerated}"

    def hides(self, path: str, new: Any) -> bool:
        """Whether the removal of an input at `path` makes no difference, for the cloud's own value stays."""
        return self.tolerated and self.kind == "default" and new is None and _covers(self.path, path)


def parsed(rules: Mapping[str, Mapping[str, Any]]) -> tuple[ReadBack, ...]:
    """The rules of a type as they are written; ValueError says which one is none."""
    return tuple(_parsed(path, rule) for path, rule in rules.items())


def _parsed(path: str, rule: Mapping[str, Any]) -> ReadBack:
    options = dict(rule)
    kind = options.pop("as", "") or next((name for name in ("default", "value", "adds") if name in options), "")
    if kind not in _KINDS:
        raise ValueError(f"readBack of {path} says none of {', '.join(_KINDS)}: {dict(rule)}")
    return ReadBack(path, kind, options.pop(kind, None), **options)


def told(rules: Iterable[ReadBack], outputs: Properties, inputs: Properties, kept: Properties) -> Properties:
    """`outputs` as the cloud tells them; `kept` is what the state has, or gets."""
    for rule in rules:
        if rule.holds(inputs):
            outputs = _through(rule, outputs, kept)
    return outputs


def alike(rules: Iterable[ReadBack], before: Properties, after: Properties) -> tuple[Properties, Properties]:
    """Both sides of a comparison, without the differences that the provider does not see."""
    for rule in rules:
        if rule.tolerated and rule.kind != "default":
            before, after = (_through(rule, side, side) for side in (before, after))
    return before, after


def _through(rule: ReadBack, properties: Properties, kept: Properties) -> Properties:
    if rule.kind == "kept":
        value = _at(kept, rule.path)
        return dict(_changed(properties, rule.path.split("."), lambda _: _ABSENT if value is None else value))
    return dict(_changed(properties, rule.path.split("."), lambda value: _read(rule, value)))


def _changed(value: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """`value` with what stands at `path` changed; what `change` makes _ABSENT is left out."""
    if isinstance(value, list):
        return [_changed(item, path, change) for item in value]
    if not isinstance(value, Mapping):
        return value
    name, *rest = path
    if rest:
        return {**value, name: _changed(value[name], rest, change)} if name in value else value
    new = change(value.get(name, _ABSENT))
    return {key: item for key, item in {**value, name: new}.items() if item is not _ABSENT}


def _read(rule: ReadBack, value: Any) -> Any:
    if rule.kind in ("absent", "value"):
        return rule.argument if rule.kind == "value" else _ABSENT
    if value is _ABSENT:
        return rule.argument if rule.kind in ("default", "adds") else _ABSENT
    type_, rewrite = _REWRITES.get(rule.kind, (type(None), None))
    return rewrite(value, rule.argument) if rewrite and isinstance(value, type_) else value


_REWRITES: Final[Mapping[str, tuple[Any, Callable[[Any, Any], Any]]]] = {
    "adds": (Mapping, lambda value, more: {**value, **more}),
    "lower": (str, lambda value, _: value.lower()),
    "upper": (str, lambda value, _: value.upper()),
    "json": (str, lambda value, _: json.dumps(json.loads(value), sort_keys=True, separators=(",", ":"))),
    "sorted": (list, lambda value, _: sorted(value, key=lambda item: json.dumps(item, sort_keys=True, default=repr))),
}


def _at(properties: Mapping[str, Any], path: str) -> Any:
    value: Any = properties
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _covers(rule: str, path: str) -> bool:
    """Whether `path` is the property of a rule, or within it; an element of a list is not, for the list is there."""
    names, depth = path.split("."), rule.count(".") + 1
    own = ".".join(name.partition("[")[0] for name in names[:depth])
    return own == rule and "[" not in names[depth - 1]
