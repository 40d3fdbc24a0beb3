"""What a stand-in cloud takes, and what it refuses."""

from contextlib import nullcontext
from typing import Any, Protocol

import pytest

from rehearsal.providers.base import ProviderError


class Maker(Protocol):
    """A stand-in cloud as tests have it."""

    def make(self, type_: str, **inputs: Any) -> Any:
        """Create a resource; ProviderError where the cloud takes none with these inputs."""


def refused(cloud: Maker, type_: str, says: str, **inputs: Any) -> None:
    """The cloud does not take it, or takes it where it has nothing to say."""
    with pytest.raises(ProviderError, match=says) if says else nullcontext():
        cloud.make(type_, **inputs)
