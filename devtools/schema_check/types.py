"""Values against the types of a Pulumi package schema, as `pulumi package get-schema` gives it.

The rules are those of the engine's own reader of schemas (pkg/codegen/schema/bind.go, v3.259): a `$ref` counts more
than a `type` beside it, an object without `additionalProperties` is a map of strings, a type of another package is
not looked into.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from common.wire import UNKNOWNS

SECRET: Final = "[secret]"  # noqa: S105 - what the engine shows in a secret's place
_TYPES: Final = "#/types/"
_NUMBERS: Final = ("integer", "number")
_LONGEST: Final = 80  # characters of a value that are shown

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Mismatch:
    """What is wrong at `path` within a resource; a `warning` is something that still works."""

    path: str
    summary: str
    found: str = ""
    allowed: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Types:
    """The named types of a package."""

    named: Mapping[str, Spec]

    def mismatches(self, path: str, value: Any, spec: Spec) -> Iterator[Mismatch]:
        """Where `value` (unknown and secret ones are of every type) is not what `spec` says."""
        if value is None:
            return
        if message := spec.get("deprecationMessage"):
            yield Mismatch(path, "is deprecated", allowed=message, warning=True)
        if is_open(value):
            return
        if "const" in spec and value != spec["const"]:
            yield Mismatch(path, "has another value", shown(value), shown(spec["const"]))
        elif "oneOf" in spec:
            yield from self._of_one(path, value, spec)
        elif "$ref" in spec:
            yield from self._referenced(path, value, spec["$ref"])
        elif spec["type"] == "array":
            yield from self._list(path, value, spec)
        elif spec["type"] == "object":
            yield from self._map(path, value, spec)
        elif not _is_scalar(value, spec["type"]):
            yield Mismatch(path, "is of another type", shown(value), spec["type"])

    def object_mismatches(
        self, path: str, value: Mapping[str, Any], properties: Mapping[str, Spec], required: list[str]
    ) -> Iterator[Mismatch]:
        """Where `value` has properties that there are not, lacks required ones, or has some of another type."""
        for name in required:
            if value.get(name) is None:
                yield Mismatch(_within(path, name), "is required", "nothing", self._described(properties[name]))
        for name, item in value.items():
            if name in properties:
                yield from self.mismatches(_within(path, name), item, properties[name])
            elif not name.startswith("__"):  # those are the engine's and the bridge's own
                yield Mismatch(_within(path, name), "is no property here", name, _nearest(name, properties))

    def _of_one(self, path: str, value: Any, spec: Spec) -> Iterator[Mismatch]:
        discriminator = spec.get("discriminator") or {}
        name = value.get(discriminator.get("propertyName")) if isinstance(value, dict) else None
        if chosen := (discriminator.get("mapping") or {}).get(name):
            yield from self._referenced(path, value, chosen)
            return
        attempts = [list(self.mismatches(path, value, alternative)) for alternative in spec["oneOf"]]
        fits = [attempt for attempt in attempts if all(mismatch.warning for mismatch in attempt)]
        meant = [attempt for attempt in attempts if all(mismatch.path != path for mismatch in attempt)]
        if fits or meant:
            yield from min(fits or meant, key=len)
        else:
            yield Mismatch(path, "is of another type", shown(value), self._described(spec))

    def _referenced(self, path: str, value: Any, reference: str) -> Iterator[Mismatch]:
        if not reference.startswith(_TYPES):
            return  # anything, JSON, assets, resources, and other packages' types
        spec = self.named[unquote(reference.removeprefix(_TYPES))]
        if message := spec.get("deprecationMessage"):
            yield Mismatch(path, "is of a deprecated type", allowed=message, warning=True)
        if "enum" in spec:
            if not any(value == each["value"] for each in spec["enum"]):
                yield Mismatch(path, "is none of the values", shown(value), self._described({"$ref": reference}))
        elif isinstance(value, dict):
            yield from self.object_mismatches(path, value, spec.get("properties") or {}, spec.get("required") or [])
        else:
            yield Mismatch(path, "is of another type", shown(value), self._described({"$ref": reference}))

    def _list(self, path: str, value: Any, spec: Spec) -> Iterator[Mismatch]:
        if not isinstance(value, list):
            yield Mismatch(path, "is of another type", shown(value), self._described(spec))
            return
        for index, item in enumerate(value):
            yield from self.mismatches(f"{path}[{index}]", item, spec["items"])

    def _map(self, path: str, value: Any, spec: Spec) -> Iterator[Mismatch]:
        if not isinstance(value, dict):
            yield Mismatch(path, "is of another type", shown(value), self._described(spec))
            return
        for key, item in value.items():
            yield from self.mismatches(_within(path, key), item, _values(spec))

    def _described(self, spec: Spec) -> str:
        """A type in words: `list of string`, `object eks/ClusterVpcConfig`, `"a" or "b"`."""
        if "oneOf" in spec:
            return " or ".join(self._described(alternative) for alternative in spec["oneOf"])
        if reference := spec.get("$ref"):
            name = unquote(reference.rpartition("/types/")[2])
            values = self.named.get(name, {}).get("enum")
            return ", ".join(shown(each["value"]) for each in values) if values else f"object {name.partition(':')[2]}"
        if "const" in spec:
            return shown(spec["const"])
        match spec["type"]:
            case "array":
                return f"list of {self._described(spec['items'])}"
            case "object":
                return f"map of {self._described(_values(spec))}"
        return str(spec["type"])


def is_open(value: Any) -> bool:
    """Whether a preview does not tell the value: left out, not known yet, or secret."""
    return value is None or (isinstance(value, str) and (value == SECRET or value in UNKNOWNS))


def shown(value: Any) -> str:
    """A value for people, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _values(spec: Spec) -> Spec:
    return spec.get("additionalProperties") or {"type": "string"}


def _is_scalar(value: Any, type_: str) -> bool:
    if type_ in _NUMBERS:
        return type(value) is int or (type(value) is float and (type_ == "number" or value.is_integer()))
    return type(value) is {"string": str, "boolean": bool}[type_]


def _within(path: str, name: str) -> str:
    if not name.isidentifier():
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name


def _nearest(name: str, allowed: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, allowed, n=1)
    return f"{close[0]}?" if close else ", ".join(sorted(allowed)) or "none"
