"""cluster-autoscaler: nodes added to the cluster's pools when pods wait for room, and taken away when they are idle.

For EKS, whose pools nothing else scales; GKE and AKS scale theirs themselves. Left out: clusters that run already.
Upstream: kubernetes/autoscaler, cluster-autoscaler 1.34 to 1.36, November 2026.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from components.addons.autoscaling import Autoscaling
from components.addons.base import AddOnBase, AddOnSpec, Site, bounded, credential_flows
from components.addons.exempt import api_server_address
from components.addons.monitoring import Monitoring
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow

NAMESPACE: Final = "cluster-autoscaler"
HTTP: Final = 8085  # metrics, and whether it is well
RELEASES: Final[Mapping[str, str]] = {"1.34": "1.34.4", "1.35": "1.35.2", "1.36": "1.36.1"}
"""By the cluster's version: it foresees what that version's scheduler would do."""


class ClusterAutoscalerSpec(AddOnSpec):
    """Nodes as pods need them, within the bounds of the cluster's pools."""

    expander: Literal["least-waste", "most-pods", "random"] = Field(
        default="least-waste",
        description="Which pool grows when several could: the one that has least to spare afterwards, the one with "
        "room for most of the pods that wait, or any.",
    )
    idle_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=10, description="How long a node does little before its pods are moved and it is given back."
    )
    idle_below_percent: Annotated[int, Field(ge=1, le=90)] = Field(
        default=50, description="What little is: the share of a node's CPU and memory that its pods request."
    )


class ClusterAutoscaler(AddOnBase):
    """cluster-autoscaler, on EKS: pools grow when pods wait for room, and shrink when nodes are idle."""

    name = "cluster-autoscaler"
    version = RELEASES[max(RELEASES)]
    spec_type = ClusterAutoscalerSpec
    requires = frozenset({Capability.SCALABLE_POOLS, Capability.WORKLOAD_IDENTITY})
    conflicts = (Autoscaling,)  # both would answer for the same pods
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=5, cpu=2, gibibytes=8)),)
    exemptions = (api_server_address("cluster-autoscaler"),)

    PODS: ClassVar = flows.Pods(NAMESPACE, selector("cluster-autoscaler"))

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "cluster-autoscaler")  # and to the cloud, at the same port
        yield Flow("cluster-autoscaler.metrics", Monitoring.PROMETHEUS, cls.PODS, (HTTP,))

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        del spec
        yield from credential_flows("cluster-autoscaler", cls.PODS, cluster)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.cluster_autoscaler.parts import make_parts

        assert isinstance(spec, ClusterAutoscalerSpec)
        make_parts(spec, site, self.places[NAMESPACE])
