"""Addresses of one network: hosts', the virtual IP, those that Services get. All are different, and all are in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from spec.model import refused
from spec.problems import Code, Finding, KeyPath, key_path, quoted


@dataclass(frozen=True)
class Between:
    """Addresses from `first` to `last`, both included."""

    first: IPv4Address
    last: IPv4Address

    def __contains__(self, address: IPv4Address) -> bool:
        return self.first <= address <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def _between(value: Any) -> Between:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    first, dash, last = value.replace(" ", "").partition("-")
    try:
        found = Between(IPv4Address(first), IPv4Address(last if dash else first))
    except ValueError:
        found = None
    if found is None or found.first > found.last:
        allowed = "two IPv4 addresses, the lower one first: 10.0.0.200-10.0.0.220"
        raise refused(Finding(Code.BAD_ADDRESS, quoted(value), allowed, "Write the first and the last of them."))
    return found


AddressRange: TypeAlias = Annotated[
    Between,
    PlainValidator(_between),
    WithJsonSchema({"type": "string", "pattern": "^[0-9.]+( *- *[0-9.]+)?$", "examples": ["10.0.0.200-10.0.0.220"]}),
]


def address_findings(
    network: IPv4Network,
    hosts: Mapping[KeyPath, IPv4Address],
    virtual: IPv4Address | None,
    ranges: Mapping[KeyPath, Between],
) -> Iterator[Finding]:
    """What is wrong with the addresses of a cluster together; hosts and ranges by their places."""
    own = dict(hosts) | ({("virtualIp",): virtual} if virtual else {})
    taken: dict[IPv4Address, KeyPath] = {}
    for at, address in own.items():
        if not _is_in(address, network):
            yield _outside(str(address), network, at)
        elif taken.setdefault(address, at) != at:
            found = f"{address}, which {key_path(taken[address])} has"
            remedy = "Write an address that nothing else has."
            yield Finding(Code.WRONG_ADDRESS, found, "an address of its own", remedy, at=at)
    for at, each in ranges.items():
        if not (_is_in(each.first, network) and _is_in(each.last, network)):
            yield _outside(str(each), network, at)
        for address, owner in taken.items():
            if address in each:
                found = f"{each}, in which {key_path(owner)} is, {address}"
                remedy = "Take a range that nothing else is in."
                yield Finding(Code.WRONG_ADDRESS, found, "addresses that nothing else has", remedy, at=at)


def _outside(shown: str, network: IPv4Network, at: KeyPath) -> Finding:
    allowed = f"in network.range, {network}, without its first and last address"
    remedy = "Write an address of that network, or another network.range."
    return Finding(Code.WRONG_ADDRESS, shown, allowed, remedy, at=at)


def _is_in(address: IPv4Address, network: IPv4Network) -> bool:
    return address in network and address not in (network.network_address, network.broadcast_address)
