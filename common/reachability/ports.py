"""Sets of ports, by protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
LARGEST_PORT: Final = 65535
_WIDTH: Final = LARGEST_PORT + 1


@dataclass(frozen=True)
class Ports:
    """A set of (protocol, port), as a row of bits: one for each port of each protocol."""

    bits: int = 0

    @classmethod
    def of(cls, protocol: str, first: int, last: int | None = None) -> "Ports":
        """The ports from `first` to `last`, both included; one port without `last`."""
        last = min(first if last is None else last, LARGEST_PORT)
        if first < 1 or last < first or protocol not in PROTOCOLS:
            return NO_PORTS
        return cls(((1 << (last - first + 1)) - 1) << (PROTOCOLS.index(protocol) * _WIDTH + first))

    def __or__(self, other: "Ports") -> "Ports":
        return Ports(self.bits | other.bits)

    def __and__(self, other: "Ports") -> "Ports":
        return Ports(self.bits & other.bits)

    def __bool__(self) -> bool:
        return self.bits != 0

    def __ge__(self, other: "Ports") -> bool:
        return self.bits | other.bits == self.bits

    def ranges(self) -> Iterator[tuple[str, int, int]]:
        """Protocol, first and last port of each run of ports."""
        for index, protocol in enumerate(PROTOCOLS):
            bits, start = self.bits >> (index * _WIDTH) & ((1 << _WIDTH) - 1), 0
            while bits:
                zeros = (bits & -bits).bit_length() - 1
                bits >>= zeros
                ones = (~bits & (bits + 1)).bit_length() - 1
                yield protocol, start + zeros, start + zeros + ones - 1
                bits >>= ones
                start += zeros + ones

    def __str__(self) -> str:
        if self == ALL_PORTS:
            return "every port"
        return ", ".join(
            f"every {protocol} port"
            if (first, last) == (1, LARGEST_PORT)
            else f"{protocol} {first}"
            if first == last
            else f"{protocol} {first}-{last}"
            for protocol, first, last in self.ranges()
        )


NO_PORTS: Final = Ports()
ALL_PORTS: Final = (
    Ports.of("TCP", 1, LARGEST_PORT) | Ports.of("UDP", 1, LARGEST_PORT) | Ports.of("SCTP", 1, LARGEST_PORT)
)
