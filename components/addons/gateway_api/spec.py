"""What others know of the Gateway API."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions

VERSION: Final = read_bundles()["gateway-api"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=32,
    newest=None,
    tested=36,
    source="kubernetes-sigs/gateway-api v1.6.0, .github/workflows/crd-validation.yml; "
    "site-src/concepts/versioning.md: at least the five most recent",
)
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {"gateway.networking.k8s.io": "Gateway GatewayClass GRPCRoute HTTPRoute ReferenceGrant"}
)
"""Of the standard channel, v1.6.0, as addons.lock has it."""


class GatewayApiSpec(AddOnSpec):
    """There is nothing to choose."""
