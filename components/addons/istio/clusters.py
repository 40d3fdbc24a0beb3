"""Several clusters as one mesh: who talks to whom between them."""

from collections.abc import Iterator, Sequence
from typing import Final

from components.addons.istio.spec import ISTIOD, NAMESPACE, MeshSpec
from components.addons.monitoring.spec import PROMETHEUS
from components.platform.flows import Addresses, Flow, Pods

NETWORK_LABEL: Final = "topology.istio.io/network"
PORT: Final = 15443
GATEWAY: Final = Pods(NAMESPACE, {"istio": "east-west"})


def flows(mesh: MeshSpec, tenants: Sequence[str]) -> Iterator[Flow]:
    """From other clusters to the gateway, on to the mesh's pods at any port, and from those to other clusters."""
    others = {str(each).replace("/", "-"): Addresses(str(each), ()) for each in mesh.addresses}
    for name, other in others.items():
        yield Flow(f"istio.east-west.clients.{name}", other, GATEWAY, (PORT,))
    yield Flow("istio.east-west.configuration", GATEWAY, ISTIOD, (15012,))
    yield Flow("istio.east-west.metrics", PROMETHEUS, GATEWAY, (15020,))
    for tenant in tenants:
        yield Flow(f"istio.east-west.{tenant}", GATEWAY, Pods(tenant), ())
        for name, other in others.items():
            yield Flow(f"istio.{tenant}.clusters.{name}", Pods(tenant), other, (PORT,))
