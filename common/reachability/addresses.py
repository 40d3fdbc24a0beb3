"""Address blocks with exceptions."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

IpNetwork: TypeAlias = IPv4Network | IPv6Network


def overlaps(block: IpNetwork, exceptions: Iterable[IpNetwork], network: IpNetwork) -> bool:
    """Whether any address of `network` is in `block` and in none of `exceptions`."""
    if block.version != network.version:
        return False
    (first, last), (start, end) = _span(block), _span(network)
    next_free, last = max(first, start), min(last, end)
    for low, high in sorted(_span(each) for each in exceptions if each.version == block.version):
        if low > next_free:
            break
        next_free = max(next_free, high + 1)
    return next_free <= last


def includes(block: IpNetwork, exceptions: Iterable[IpNetwork], network: IpNetwork) -> bool:
    """Whether every address of `network` is in `block` and in none of `exceptions`."""
    if not overlaps(block, (), network) or any(overlaps(each, (), network) for each in exceptions):
        return False
    (first, last), (start, end) = _span(block), _span(network)
    return first <= start and end <= last


def _span(network: IpNetwork) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)
