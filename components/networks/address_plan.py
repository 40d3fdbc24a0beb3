"""How a network's addresses are divided, and whether they are enough."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations, count
from typing import Final

from spec.invalid import is_invalid
from spec.problems import Code, Finding, KeyPath, key_path

_PRIVATE_BITS: Final = 2  # a quarter of the network for each zone's nodes and pods, and one for all the rest
_PUBLIC_BITS: Final = 6  # a sixteenth of that last quarter for each zone's gateway and load balancers
_ZONES: Final = 3
LARGEST_PREFIX: Final = 22
"""Of a network that is divided by zones: public subnets would be smaller than the /28 that AWS allows."""


@dataclass(frozen=True)
class ZonePlan:
    """The subnets of up to three zones, by zone and in the order of their names."""

    private: Mapping[str, IPv4Network]
    public: Mapping[str, IPv4Network]


def by_zone(network: IPv4Network, zones: Sequence[str]) -> ZonePlan:
    """Divide `network` (at most /22) among `zones`, three at most, whose names end in a letter.

    A zone has its addresses by that letter, or where two letters share a place, by who stands first. So neither another
    order nor a zone more moves anything that is there, but a zone more before such a pair.
    """
    *private, rest = network.subnets(_PRIVATE_BITS)
    public = list(rest.subnets(_PUBLIC_BITS - _PRIVATE_BITS))
    places = _places(zones)
    return ZonePlan(*({zone: side[places[zone]] for zone in sorted(zones)} for side in (private, public)))


def _places(zones: Sequence[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for zone in zones:
        first = ord(zone[-1]) - ord("a")
        found[zone] = next(place % _ZONES for place in count(first) if place % _ZONES not in found.values())
    return found


def overlaps(ranges: Mapping[KeyPath, IPv4Network]) -> Iterator[Finding]:
    """A finding for each range, by its place, that shares addresses with one before it."""
    valid = {at: network for at, network in ranges.items() if not is_invalid(network)}
    for (first_at, first), (at, network) in combinations(valid.items(), 2):
        if first.overlaps(network):
            common = max(first, network, key=lambda each: each.prefixlen)
            allowed = f"a range apart from {key_path(first_at)}, {first}"
            remedy = "Choose ranges that share no address."
            yield Finding(Code.OVERLAP, f"{network}, which shares {common} with it", allowed, remedy, at=at)


def too_small(at: KeyPath, network: IPv4Network, needed: int, available: int, arithmetic: str) -> Iterator[Finding]:
    """A finding when `network` has fewer addresses `available` than are `needed`; `arithmetic` shows both sums."""
    if needed > available:
        remedy = "Take a larger range (a smaller number after the /), or lower what the pools may grow to."
        found = f"{network}: {arithmetic}"
        yield Finding(Code.TOO_SMALL, found, f"room for {needed} addresses", remedy, at=at)


def halves(network: IPv4Network) -> tuple[IPv4Network, IPv4Network]:
    """The two halves of `network`: one for nodes, one for all that is not."""
    first, second = network.subnets()
    return first, second
