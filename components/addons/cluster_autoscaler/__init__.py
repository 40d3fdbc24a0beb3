"""cluster-autoscaler: nodes added to the cluster's pools when pods wait for room, and taken away when they are idle.

For EKS, whose pools nothing else scales; GKE and AKS scale theirs themselves. Left out: clusters that run already.
Upstream: kubernetes/autoscaler, cluster-autoscaler 1.34 to 1.36, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.cluster_autoscaler.spec import HTTP, KUBERNETES, NAMESPACE, PODS, RELEASES, ClusterAutoscalerSpec
from components.addons.exempt import api_server_address
from components.addons.health import Check, deployments
from components.addons.karpenter.spec import KarpenterSpec
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.facilities import PoolScaling
from components.platform.flows import Flow, to_api_server, to_credentials
from components.platform.place import Place


class ClusterAutoscaler(AddOn[ClusterAutoscalerSpec]):
    """cluster-autoscaler, on EKS: pools grow when pods wait for room, and shrink when nodes are idle."""

    name = "cluster-autoscaler"
    version = RELEASES[max(RELEASES)]
    kubernetes = KUBERNETES
    purpose = Purpose.SCALE
    spec_type = ClusterAutoscalerSpec
    required_capabilities = frozenset({PoolScaling.capability, Capability.WORKLOAD_IDENTITY})
    conflicts = (KarpenterSpec,)  # both would answer for the same pods
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=2, gibibytes=8)),)
    exemptions = (api_server_address("cluster-autoscaler"),)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, self.name)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "cluster-autoscaler")  # and to the cloud, at the same port
        yield Flow("cluster-autoscaler.metrics", PROMETHEUS, PODS, (HTTP,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        yield from to_credentials(PODS, "cluster-autoscaler", cluster)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.cluster_autoscaler.resources import create_resources

        create_resources(self.spec, context, places[NAMESPACE])
