"""Values that are more than text: amounts, address ranges, ports, secrets, paths."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError, PydanticKnownError

from common import quantity
from common.quantity import Quantity
from spec.model import Origin, refused
from spec.problems import Code, Finding, quoted
from spec.text import TextRule

Count: TypeAlias = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise PydanticKnownError("string_type")


def _amount(value: Any, allowed: str, unit: int) -> Quantity:
    """A quantity that is not negative and a whole number of `unit` billionths."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    text = _text(value)
    try:
        amount = quantity.parse(text)
    except ValueError:
        raise refused(Finding(Code.BAD_QUANTITY, quoted(text), allowed, _amount_meant(text))) from None
    if amount.nanos < 0:
        raise refused(Finding(Code.BAD_QUANTITY, quoted(text), allowed, "Write an amount that is not negative."))
    if amount.nanos % unit:
        remedy = f"Write {text[:-1]}M, if millions are meant." if text.endswith("m") else "Round it up."
        raise refused(Finding(Code.BAD_QUANTITY, f"{quoted(text)}, which is too fine", allowed, remedy))
    return amount


def _amount_meant(text: str) -> str:
    compact = re.sub(r"\s+", "", text[:60]).replace(",", ".")
    unit = re.fullmatch(r"([0-9.]+)([kmgtpe])i?(?:b|bytes?)?", compact, re.IGNORECASE)
    for guess in [compact, f"{unit[1]}{unit[2].upper()}i"] if unit else [compact]:
        try:
            quantity.parse(guess)
        except ValueError:
            continue
        return f"Write {guess}, if that is meant."
    return "Write a number with a suffix of Kubernetes, such as 500m or 512Mi."


def _amount_schema(example: str) -> WithJsonSchema:
    pattern = r"^[0-9.]+([eE][0-9]+|[numkMGTPE]|[KMGTPE]i)?$"
    return WithJsonSchema({"type": ["string", "number"], "minimum": 0, "pattern": pattern, "examples": [example]})


_CPU: Final = "CPUs, whole or in thousandths: 2 or 500m"
_BYTES: Final = "bytes with a suffix: 512Mi or 20Gi"
_WHOLE: Final = "a whole number: 2"

Cpu: TypeAlias = Annotated[Quantity, PlainValidator(lambda value: _amount(value, _CPU, 10**6)), _amount_schema("500m")]
Bytes: TypeAlias = Annotated[
    Quantity, PlainValidator(lambda value: _amount(value, _BYTES, 10**9)), _amount_schema("512Mi")
]
Devices: TypeAlias = Annotated[
    Quantity, PlainValidator(lambda value: _amount(value, _WHOLE, 10**9)), _amount_schema("1")
]


def _network(value: Any) -> IPv4Network | IPv6Network:
    """A range, as IsValidCIDR in k8s.io/apimachinery 0.36 has it: no bits beyond the prefix, no IPv4 inside of IPv6."""
    text = _text(value)
    address, slash, prefix = text.partition("/")
    try:
        network, host = ip_network(text, strict=False), ip_network(address)
    except ValueError:
        raise _not_a_range(quoted(text), "Write something like 10.0.0.0/8.") from None
    if "%" in text or _is_mapped(network):
        raise _not_a_range(f"{quoted(text)}, with a zone or an IPv4 address in it", "Write something like fd00::/8.")
    if not slash or not prefix.isdecimal():
        raise _not_a_range(quoted(text), f"Write {network}, if that is meant.")
    if host.network_address != network.network_address:
        remedy = f"Write {network} for the range, or {host} for the one address."
        raise _not_a_range(f"{quoted(text)}, with bits set beyond the prefix", remedy)
    return network


def _is_mapped(network: IPv4Network | IPv6Network) -> bool:
    return isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None


def _not_a_range(found: str, remedy: str) -> PydanticCustomError:
    return refused(Finding(Code.BAD_CIDR, found, "network/prefix: 10.0.0.0/8 or fd00::/8", remedy))


Cidr: TypeAlias = Annotated[
    IPv4Network | IPv6Network,
    PlainValidator(_network),
    WithJsonSchema({"type": "string", "pattern": "^[0-9a-fA-F:.]+/[0-9]{1,3}$", "examples": ["10.0.0.0/8"]}),
]


def _ipv4_network(value: Any) -> IPv4Network:
    network = _network(value)
    if isinstance(network, IPv6Network):
        raise _not_a_range(f"{network}, of IPv6", "Write a range of IPv4.")
    return network


Ipv4Cidr: TypeAlias = Annotated[
    IPv4Network,
    PlainValidator(_ipv4_network),
    WithJsonSchema({"type": "string", "pattern": "^[0-9.]+/[0-9]{1,2}$", "examples": ["10.0.0.0/16"]}),
]


def _ipv4_address(value: Any) -> IPv4Address:
    text = _text(value)
    try:
        return IPv4Address(text)
    except ValueError:
        network = text.partition("/")[0]
        remedy = f"Write {network}, if that is meant." if network != text else "Write something like 10.0.0.10."
        raise refused(Finding(Code.BAD_ADDRESS, quoted(text), "an IPv4 address: 10.0.0.10", remedy)) from None


Ipv4: TypeAlias = Annotated[
    IPv4Address,
    PlainValidator(_ipv4_address),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,3}([.][0-9]{1,3}){3}$", "examples": ["10.0.0.10"]}),
]

# IsValidPortName in k8s.io/apimachinery 0.36 (RFC 6335, lower case only)
_PORT_NAME: Final = TextRule(
    Code.BAD_NAME,
    "a number from 1 to 65535, or a port's name: lower-case letters, digits and single -, 15 at most",
    r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?",
    "http",
    longest=15,
)
_LARGEST_PORT: Final = 65535


def _port(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool):
        if 1 <= value <= _LARGEST_PORT:
            return value
        remedy = "Write the port that the pods listen on."
        raise refused(Finding(Code.OUT_OF_RANGE, str(value), f"1 to {_LARGEST_PORT}", remedy))
    return _PORT_NAME.check(_text(value))


Port: TypeAlias = Annotated[
    int | str,
    PlainValidator(_port),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "integer", "minimum": 1, "maximum": _LARGEST_PORT},
                {"type": "string", "pattern": f"^{_PORT_NAME.pattern}$"},
            ]
        }
    ),
]

PortNumber: TypeAlias = Annotated[int, Field(ge=1, le=_LARGEST_PORT)]


@dataclass(frozen=True)
class Secret:
    """A value that stands encrypted in the stack file, `{secure: v1:…}`.

    `text` is None where nothing decrypts it: in the CLI, before an engine runs. Two secrets compare
    equal, so that comparing specs tells nothing about them.
    """

    text: str | None = field(default=None, repr=False, compare=False)


def without_secrets(content: Any, instead: Any) -> Any:
    """The content of a stack file with `instead` in the place of what is encrypted in it."""
    if isinstance(content, dict):
        if content.keys() == {"secure"}:
            return instead
        return {key: without_secrets(item, instead) for key, item in content.items()}
    return [without_secrets(item, instead) for item in content] if isinstance(content, list) else content


def _secret(value: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, dict) and "secure" in value:
        found = f"secure beside {', '.join(sorted(str(key) for key in value if key != 'secure')) or 'no text'}"
        remedy = "Leave nothing there but secure, with the text that Pulumi wrote."
        raise refused(Finding(Code.NOT_ALLOWED, found, "an encrypted value: {secure: …}", remedy))
    _text(value)
    remedy = "Encrypt it: `pulumi config set --secret --path '{where}' < FILE`."
    raise refused(Finding(Code.SECRET_IN_THE_OPEN, "text in the open", "an encrypted value: {secure: …}", remedy))


SecretText: TypeAlias = Annotated[
    Secret,
    PlainValidator(_secret),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"secure": {"type": "string", "description": "The encrypted value, as Pulumi writes it."}},
            "required": ["secure"],
            "additionalProperties": False,
        }
    ),
]


def _host_path(value: Any, info: ValidationInfo) -> Path:
    text = _text(value)
    origin = info.context if isinstance(info.context, Origin) else Origin()
    try:
        return origin.directory / Path(text).expanduser()
    except RuntimeError:  # ~somebody, who has no home here
        remedy = "Write the path without ~, or with a user that exists here."
        raise refused(Finding(Code.NOT_ALLOWED, quoted(text), "a path on this machine", remedy)) from None


HostPath: TypeAlias = Annotated[
    Path, PlainValidator(_host_path), WithJsonSchema({"type": "string", "examples": ["~/.kube/config"]})
]
"""A path on the machine that runs the program: `~` is expanded, and a relative one starts at the stack file."""
