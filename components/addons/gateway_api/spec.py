"""What others know of the Gateway API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec

VERSION: Final = read_bundles()["gateway-api"].version
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"gateway.networking.k8s.io": "Gateway GatewayClass GRPCRoute HTTPRoute ReferenceGrant"}
)
"""Of the standard channel, v1.6.0, as addons.lock has it."""


class GatewayApiSpec(AddOnSpec):
    """There is nothing to choose."""
