"""Where images come from besides their registry."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mirror:
    """Where images of a registry come from, in this order, before the registry itself is asked."""

    registry: str
    endpoints: Sequence[str]
