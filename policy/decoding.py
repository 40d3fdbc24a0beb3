"""Property values from the wire as rules see them, in one pass: secrets unwrapped, unknowns as `Unknown`.

Assets, archives and references to other resources stay what they are on the wire, a dictionary with a signature.
"""

from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from common.wire import SECRET_SIGNATURE, SIGNATURE, UNKNOWNS
from policy.model import Properties
from policy.unknown import Unknown, name_unknowns


def rule_view(struct: Struct, owner: str) -> Properties:
    """The properties of the resource called `owner`."""
    unknowns: list[Unknown] = []
    properties = {key: _plain(value, unknowns) for key, value in struct.fields.items()}
    if unknowns:
        name_unknowns(properties, owner)
    return properties


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
