"""Holds the inputs of a resource against the API model of its cloud (shapes.py says how models are kept)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.apis.calls import Calls, read_calls
from tests.apis.shapes import read_shapes

_FOREIGN: Final = re.compile(r"arn:aws:::.*|.*-id|sg-cluster")
"""What tests/support/registered.py answers for another resource; what it would be in truth is not known."""
_ANY_TEXT: Final = {"type": "string"}
_TEXT: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class Model:
    """The API model of a cloud, with the calls by which its types are made."""

    calls: Mapping[str, Calls]
    shape_of: Mapping[str, str]
    shapes: Mapping[str, Mapping[str, Any]]

    def problems(self, type_: str, inputs: Mapping[str, Any]) -> Iterator[str]:
        """Everything that the cloud would refuse of a resource's inputs, by path."""
        if type_ not in self.calls:
            yield f"{type_}: tests/apis says no call by which it is made"
            return
        calls, given = self.calls[type_], set[str]()
        for name, value in inputs.items():
            yield from self._beyond(calls, name, value)
            place = calls.place(name)
            if value is None or place is None:
                continue
            call, path = place
            inner = self._inner(self.shape_of[call], path)
            if inner is None:
                yield f"{name}: {call} has no {path}"
                continue
            shape, top = inner
            given |= {top} if call == calls.call else set()
            yield from self._mistakes(calls, name, value, shape)
        if not calls.call:
            return
        required = set(self.shapes[self.shape_of[calls.call]].get("required", ()))
        yield from (f"{calls.call} wants {name}" for name in sorted(required - given - calls.given))

    def _inner(self, shape: str, path: str) -> tuple[str, str] | None:
        """The shape at `path` within another, through lists, and the outermost member on the way."""
        top = ""
        for name in path.split("."):
            while self.shapes[shape]["type"] == "list":
                shape = self.shapes[shape]["items"]
            row = self.shapes[shape]
            if row["type"] == "map":
                shape, found = row["items"], name if self._is_key(row, name) else ""
            else:
                found = _field(name, row.get("fields", {}))
                shape = row["fields"][found] if found else shape
            if not found:
                return None
            top = top or found
        return shape, top

    def _is_key(self, row: Mapping[str, Any], name: str) -> bool:
        return not list(self._scalar("", name, self.shapes[row["keys"]]))

    def _mistakes(self, calls: Calls, path: str, value: Any, shape: str) -> Iterator[str]:
        row = self.shapes[shape]
        match row["type"]:
            case "any":
                return
            case "list":
                yield from self._of_list(calls, path, value, row)
            case "map":
                yield from self._of_map(calls, path, value, row)
            case "object":
                yield from self._of_object(calls, path, value, shape)
            case _:
                yield from self._scalar(path, value, row)

    def _of_list(self, calls: Calls, path: str, value: Any, row: Mapping[str, Any]) -> Iterator[str]:
        pair = _pair(self.shapes[row["items"]].get("fields", {}))
        if isinstance(value, Mapping) and pair:  # tags
            value = [{pair[0]: key, pair[1]: item} for key, item in value.items()]
        items = value if isinstance(value, list) else [value]
        yield from _bounds(path, len(items), row, "items")
        for item in items:
            yield from self._mistakes(calls, path, item, row["items"])

    def _of_map(self, calls: Calls, path: str, value: Any, row: Mapping[str, Any]) -> Iterator[str]:
        if isinstance(value, list):  # a set, of which the API makes a map
            value = {str(item): {} for item in value}
        if not isinstance(value, Mapping):
            yield f"{path}: is no map"
            return
        yield from _bounds(path, len(value), row, "entries")
        for key, item in value.items():
            yield from self._scalar(f"{path} {key!r}", key, self.shapes[row["keys"]] if "keys" in row else _ANY_TEXT)
            yield from self._mistakes(calls, f"{path}.{key}", item, row["items"])

    def _of_object(self, calls: Calls, path: str, value: Any, shape: str) -> Iterator[str]:
        if isinstance(value, list) and len(value) == 1:  # a block of Terraform's
            (value,) = value
        if not isinstance(value, Mapping):
            yield f"{path}: is no object"
            return
        given = set()
        for name, item in value.items():
            inside = f"{path}.{name}"
            yield from self._beyond(calls, inside, item)
            place = calls.place(inside)
            inner = self._inner(shape, place[1]) if place else None
            if inner and item is not None:
                given.add(inner[1])
                yield from self._mistakes(calls, inside, item, inner[0])
            elif place and not inner:
                yield f"{inside}: there is no {place[1]}"
        yield from (f"{path}: wants {name}" for name in self.shapes[shape].get("required", ()) if name not in given)

    def _beyond(self, calls: Calls, path: str, value: Any) -> Iterator[str]:
        """What documentation does not allow of a value, beside the model."""
        row = calls.limits.get(path, {"type": "any"})
        if row["type"] == "labels" and isinstance(value, Mapping):
            yield from (problem for pair in value.items() for problem in _label(path, *pair))
        elif row["type"] == "string" and isinstance(value, str):
            yield from self._scalar(path, value, row)

    def _scalar(self, path: str, value: Any, row: Mapping[str, Any]) -> Iterator[str]:
        if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
            yield f"{path}: {value!r} is no {row['type']}"
        elif row["type"] == "boolean":
            if _TEXT.get(str(value).lower()) is None:
                yield f"{path}: {value!r} is no boolean"
        elif row["type"] in ("integer", "number"):
            if not re.fullmatch(r"-?\d+(\.0)?" if row["type"] == "integer" else r"-?[\d.]+", str(value)):
                yield f"{path}: {value!r} is no {row['type']}"
            else:
                yield from _bounds(path, float(value), row, "")
        elif not _FOREIGN.fullmatch(str(value)):
            yield from _text(path, value, row)


def _label(path: str, key: str, value: str) -> Iterator[str]:
    """Labels of Google Cloud (cloud.google.com/resource-manager/docs/labels-overview, November 2026)."""
    yield from _text(f"{path} {key!r}", key, {"pattern": "[a-z][-_a-z0-9]{0,62}"})
    yield from _text(f"{path}.{key}", value, {"pattern": "[-_a-z0-9]{0,63}"})


def _text(path: str, value: Any, row: Mapping[str, Any]) -> Iterator[str]:
    text = f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
    yield from _bounds(path, len(text), row, "characters")
    if "enum" in row and text not in row["enum"]:
        yield f"{path}: {text!r} is none of {', '.join(map(str, row['enum']))}"
    if "pattern" in row and not compiled(row["pattern"]).fullmatch(text):
        yield f"{path}: {text!r} is not of the form {row['pattern']}"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Java's or JavaScript's, as Python writes it."""
    classes = {r"\p{L}": "a-zA-Zª-ÿĀ-퟿", r"\p{Z}": " ", r"\p{N}": "0-9", r"\p{S}": "$+<=>^`|~"}
    for theirs, ours in classes.items():
        pattern = pattern.replace(theirs, ours)
    return re.compile(pattern, re.ASCII)


def _bounds(path: str, amount: float, row: Mapping[str, Any], of: str) -> Iterator[str]:
    if not row.get("min", amount) <= amount <= row.get("max", amount):
        allowed = f"{row.get('min', 0)} to {row.get('max', 'any number')}"
        yield f"{path}: {amount:g} {of}".rstrip() + f", allowed are {allowed}"


def _pair(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields of a tag that is written as an object; none where the object is no tag."""
    names = [*fields]
    ends = [name.lower().removeprefix("tag") for name in names]
    return tuple(names) if sorted(ends) == ["key", "value"] else ()


def _field(name: str, fields: Mapping[str, Any]) -> str:
    """The name of the field that is meant by `name`: case does not count, nor whether it is one or many."""
    if name in fields:
        return name
    return next((each for each in fields if _plain(each) == _plain(name)), "")


def _plain(name: str) -> str:
    return re.sub("ies$|y$|e?s$", "", name.lower())


@cache
def read_model(cloud: str) -> Model:
    """The model of a cloud's API."""
    content = read_shapes(cloud)
    return Model(read_calls(cloud), content["calls"], content["shapes"])
