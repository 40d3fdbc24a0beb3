"""Several clusters as one mesh, as a stack file says it, and who talks to whom between them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import Field

from components.addons.monitoring import Monitoring
from components.platform.flows import Addresses, Flow, Pods
from spec.model import Many, StackModel, same_twice
from spec.problems import Finding
from spec.text import DnsLabel, StackName
from spec.values import Ipv4Cidr

NETWORK_LABEL: Final = "topology.istio.io/network"
PORT: Final = 15443
GATEWAY: Final = Pods("istio-system", {"istio": "east-west"})
_ISTIOD: Final = Pods("istio-system", {"app": "istiod"})


class MeshSpec(StackModel):
    """This cluster as one of several that are one mesh, each with its own istiod."""

    id: DnsLabel = Field(description="Names the mesh, in all of its clusters the same.")
    network: DnsLabel = Field(
        description="The cluster's network, another in each cluster: pods of others are reached through their gateways."
    )
    authority: StackName | None = Field(
        default=None,
        description="The stack whose root authority signs this cluster's. One stack of the mesh leaves it out: that "
        "one makes the root, and keeps its key as a secret.",
    )
    peers: Many[StackName] = Field(
        default=(),
        description="Stacks of the other clusters, which have to be up: what runs there is found here under the same "
        "names.",
    )
    addresses: Annotated[Many[Ipv4Cidr], Field(min_length=1)] = Field(
        description="The addresses of the other clusters: those that their pods come from, and those of their gateways."
    )
    internal: bool = Field(
        default=True, description="Whether the other clusters come by the network instead of the internet."
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("stack", "peers", self.peers, str, key="")


def flows(mesh: MeshSpec, tenants: Sequence[str]) -> Iterator[Flow]:
    """From other clusters to the gateway, on to the mesh's pods at any port, and from those to other clusters."""
    others = {str(each).replace("/", "-"): Addresses(str(each), ()) for each in mesh.addresses}
    for name, other in others.items():
        yield Flow(f"istio.east-west.clients.{name}", other, GATEWAY, (PORT,))
    yield Flow("istio.east-west.configuration", GATEWAY, _ISTIOD, (15012,))
    yield Flow("istio.east-west.metrics", Monitoring.PROMETHEUS, GATEWAY, (15020,))
    for tenant in tenants:
        yield Flow(f"istio.east-west.{tenant}", GATEWAY, Pods(tenant), ())
        for name, other in others.items():
            yield Flow(f"istio.{tenant}.clusters.{name}", Pods(tenant), other, (PORT,))
