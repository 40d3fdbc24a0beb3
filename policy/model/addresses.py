"""Addresses as firewalls and endpoints state them: whether everybody is meant."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any, Final

_EVERYBODY: Final = ("*", "any", "internet", "all")  # Azure's words
_SHORTEST_IPV4: Final = 8  # a prefix shorter than any organisation's
_SHORTEST_IPV6: Final = 16


def means_everybody(source: Any) -> bool:
    """Whether a range is the world, or so much of it that it makes no difference (0.0.0.0/1)."""
    text = str(source).strip().lower()
    if text in _EVERYBODY:
        return True
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False  # the name of a service or of a group of addresses
    return network.prefixlen < (_SHORTEST_IPV4 if network.version == 4 else _SHORTEST_IPV6)  # noqa: PLR2004 - IPv4


def includes_port(ports: Any, port: int) -> bool:
    """Whether `22`, `20-25` or `*` includes a port."""
    text = str(ports).strip()
    if text in ("*", ""):
        return True
    low, _, high = text.partition("-")
    return low.isdigit() and int(low) <= port <= int(high or low)


def any_everybody(sources: Iterable[Any] | None) -> bool:
    """Whether one of the ranges is the world."""
    return any(means_everybody(source) for source in sources or ())
