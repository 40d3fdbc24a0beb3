"""Property values from the wire as rules see them: secrets unwrapped, unknowns as `Unknown`.

Each top-level property is decoded when a rule first asks for it, and once; so a ConfigMap's data or the schema
of a CustomResourceDefinition costs nothing. Assets, archives and references to other resources stay what they are
on the wire, a dictionary with a signature.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from common.wire import SECRET_SIGNATURE, SIGNATURE, UNKNOWNS
from policy.model.unknown import Unknown, name_unknowns


class RuleView(Mapping[str, Any]):
    """The properties of the resource called `owner`."""

    def __init__(self, struct: Struct, owner: str) -> None:
        self._fields, self._owner = struct.fields, owner
        self._decoded: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._decoded:
            if key not in self._fields:
                raise KeyError(key)
            unknowns: list[Unknown] = []
            self._decoded[key] = _plain(self._fields[key], unknowns)
            if unknowns:
                name_unknowns(self._decoded[key], self._owner, key)
        return self._decoded[key]

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def _plain(value: Value, unknowns: list[Unknown]) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return _unknown(unknowns) if value.string_value in UNKNOWNS else value.string_value
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET_SIGNATURE:
                return _plain(fields["value"], unknowns)
            return {key: _plain(item, unknowns) for key, item in fields.items()}
        case "list_value":
            return [_plain(item, unknowns) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _unknown(unknowns: list[Unknown]) -> Unknown:
    unknown = Unknown()
    unknowns.append(unknown)
    return unknown
