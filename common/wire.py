"""Property values as they travel between engine and provider.

`decode` and `encode` turn `google.protobuf.Struct` into plain Python values and back. Two kinds of value
have no plain form and get one here: `UNKNOWN` (a computed value during preview) and `SecretValue`. Integral
numbers come back as `int`. Assets, archives, resource references and output values are not modelled: no
stand-in takes them, and `decode` says so instead of guessing.

Signatures and sentinels: sdk/go/common/resource/properties.go and plugin/rpc.go, v3.259.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from google.protobuf.struct_pb2 import Struct, Value

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a type tag, published by the SDK
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS = frozenset(
    {
        _UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

Properties: TypeAlias = dict[str, Any]


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("an unknown value has no truth; test `value is UNKNOWN`")


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class SecretValue:
    """A value that must not be shown or stored in plain text."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


def decode(struct: Struct, unknown: Any = UNKNOWN) -> Properties:
    """Plain properties from the wire, with `unknown` and `SecretValue` where the engine says so."""
    return {key: _decode(value, unknown) for key, value in struct.fields.items()}


def _decode(value: Value, unknown: Any) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            return unknown if text in UNKNOWNS else text
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE not in fields:
                return {key: _decode(item, unknown) for key, item in fields.items()}
            if fields[SIGNATURE].string_value == SECRET_SIGNATURE:
                return SecretValue(_decode(fields["value"], unknown))
            raise NotImplementedError("assets, archives, resource references and outputs are not modelled")
        case "list_value":
            return [_decode(item, unknown) for item in value.list_value.values]
        case _:
            return None


def encode(properties: Mapping[str, Any]) -> Struct:
    """The wire form of `properties`; TypeError names a value that has none."""
    struct = Struct()
    _fill(struct, properties)
    return struct


def _fill(struct: Struct, properties: Mapping[str, Any]) -> None:
    # In place: a message that is built from messages copies them, at every level.
    for key, value in properties.items():
        _set(struct.fields[key], value)


def _set(target: Value, value: Any) -> None:
    match value:
        case str():
            target.string_value = value
        case None:
            target.null_value = 0  # type: ignore[assignment]  # the stub wants the enum's type
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case Mapping():
            target.struct_value.SetInParent()
            _fill(target.struct_value, value)
        case list() | tuple():
            target.list_value.SetInParent()
            for item in value:
                _set(target.list_value.values.add(), item)
        case SecretValue():
            _fill(target.struct_value, {SIGNATURE: SECRET_SIGNATURE, "value": value.value})
        case _Unknown():
            target.string_value = _UNKNOWN
        case _:
            raise TypeError(f"{type(value).__name__} cannot be a property value")


def plain(value: Any) -> Any:
    """`value` with every secret replaced by what it holds, at any depth."""
    match value:
        case SecretValue():
            return plain(value.value)
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether any part of `value` is unknown."""
    match value:
        case _Unknown():
            return True
        case SecretValue():
            return has_unknown(value.value)
        case Mapping():
            return any(has_unknown(item) for item in value.values())
        case list():
            return any(has_unknown(item) for item in value)
    return False


def holds_secret(value: Any) -> bool:
    """Whether any part of `value` is secret."""
    match value:
        case SecretValue():
            return True
        case Mapping():
            return any(holds_secret(item) for item in value.values())
        case list():
            return any(holds_secret(item) for item in value)
    return False


def sealed(properties: Mapping[str, Any], secret_keys: Iterable[str]) -> Properties:
    """`properties` with the values of `secret_keys` marked secret."""
    keys = set(secret_keys)
    return {
        key: SecretValue(value) if key in keys and not isinstance(value, SecretValue) else value
        for key, value in properties.items()
    }


def shown(value: Any, secret: Callable[[Mapping[str, Any]], Any], unknown: Callable[[], Any]) -> Any:
    """A value out of the engine's JSON (states and events), with what stands for a secret and for what is not known."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return secret(value)
        return {str(key): shown(item, secret, unknown) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item, secret, unknown) for item in value]
    return unknown() if isinstance(value, str) and value in UNKNOWNS else value
