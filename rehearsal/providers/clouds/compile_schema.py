"""Compiles `schema.json` of each cloud from the installed SDKs: `python -m rehearsal.providers.clouds.compile_schema`.

The SDKs of the clouds take a second to import; the compiled form holds the types that `rules.yaml` names, and
loads at once. A type is written as `string`, `integer`, `number`, `boolean`, `any`, `[T]` (list), `{T}` (map),
`@module.Name` (an object of the file), or `=a|b` (one of these strings).
"""

import inspect
import json
import sys
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import pulumi
import yaml
from pulumi import _types

from rehearsal.providers.sdk_schema import registration

HERE: Final = Path(__file__).parent
CLOUDS: Final = ("aws", "gcp", "azure_native")
_SCALARS: Final = {str: "string", int: "integer", float: "number", bool: "boolean", Any: "any"}
_NO_INPUT: Final = (type(None), Awaitable, pulumi.Output)


class Compiler:
    """Collects the types of one cloud, and the objects that they refer to."""

    def __init__(self, package: str) -> None:
        self._package = package
        self.objects: dict[str, Any] = {}

    def resource(self, token: str, left_out: Sequence[str] = ()) -> dict[str, Any]:
        """The row of a resource type; `left_out` are inputs that the stand-in does not model."""
        _, module, name = token.split(":")
        sdk = getattr(import_module(f"{self._package}.{module.partition('/')[0]}"), name)
        secrets = registration(sdk)[1].additional_secret_outputs
        module_of = vars(sys.modules[sdk.__module__])
        arguments = module_of.get(f"{name}InitArgs") or module_of[f"{name}Args"]  # Init where an object has the name
        row = self._fields(arguments, left_out)
        row["outputs"] = sorted(_types.resource_types(sdk).keys() - row["inputs"].keys())
        return row | ({"secrets": sorted(secrets)} if secrets else {})

    def provider(self, left_out: Sequence[str]) -> dict[str, Any]:
        """What the provider itself can be told."""
        return self._fields(import_module(f"{self._package}.provider").ProviderArgs, left_out)

    def _fields(self, arguments: type, left_out: Sequence[str] = ()) -> dict[str, Any]:
        wire_names = _types.input_type_py_to_pulumi_names(arguments)
        types = _types.input_type_types(arguments)
        inputs = {name: self._type(type_) for name, type_ in types.items() if name not in left_out}
        parameters = inspect.signature(arguments).parameters.values()
        required = sorted(wire_names[p.name] for p in parameters if p.default is p.empty)
        return {"inputs": dict(sorted(inputs.items()))} | ({"required": required} if required else {})

    def _type(self, type_: Any) -> str:
        parts = list(_flat(type_))
        enums = [part for part in parts if isinstance(part, type) and issubclass(part, Enum)]
        if enums:
            return "=" + "|".join(str(member.value) for member in enums[0])
        first = parts[0]
        origin = get_origin(first)
        if first in _SCALARS:
            return _SCALARS[first]
        if origin is not None and issubclass(origin, Mapping):
            return "{" + self._type(get_args(first)[1]) + "}"
        if origin is not None and issubclass(origin, Sequence):
            return "[" + self._type(get_args(first)[0]) + "]"
        if isinstance(first, type) and _types.is_input_type(first):
            return "@" + self._object(first)
        return "any"  # assets, and unions that JSON tells apart

    def _object(self, arguments: type) -> str:
        name = f"{arguments.__module__.split('.')[-2]}.{arguments.__name__.removesuffix('Args')}"
        if name not in self.objects:
            self.objects[name] = None  # objects may hold themselves
            self.objects[name] = self._fields(arguments)
        return name


def _flat(type_: Any) -> Iterator[Any]:
    """The alternatives of a type, without those that only say that it may come later, or not at all."""
    if get_origin(type_) in (Union, UnionType):
        for part in get_args(type_):
            yield from _flat(part)
    elif not (type_ in _NO_INPUT or get_origin(type_) in _NO_INPUT or get_origin(type_) is Awaitable):
        yield type_


def compiled(cloud: str) -> dict[str, Any]:
    """What `schema.json` of `cloud` should hold."""
    compiler = Compiler(f"pulumi_{cloud}")
    rules = yaml.safe_load((HERE / cloud / "rules.yaml").read_text())
    rows = {token: compiler.resource(token, rule.get("leftOut", ())) for token, rule in rules["types"].items()}
    return {
        "provider": compiler.provider(rules["provider"]["leftOut"]),
        "types": rows,
        "objects": dict(sorted(compiler.objects.items())),
    }


def as_text(schema: Mapping[str, Any]) -> str:
    """One line for each type and object, so that a change is one line of a diff."""
    sections = []
    for section, rows in schema.items():
        lines = (f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in rows.items())
        sections.append(f"{json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main() -> None:
    """Write the file of each cloud."""
    for cloud in CLOUDS:
        if (HERE / cloud / "rules.yaml").exists():
            (HERE / cloud / "schema.json").write_text(as_text(compiled(cloud)))


if __name__ == "__main__":
    main()
