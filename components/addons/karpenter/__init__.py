"""Karpenter: machines as pods need them, and none that nobody needs.

For EKS with `autoscaling: karpenter`; cluster-autoscaler scales the pools of EKS instead. GKE and AKS scale theirs
themselves, within the bounds that the pools have. Left out: several kinds of pools.
Upstream: karpenter.sh/docs, 1.15, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.exempt import api_server_address
from components.addons.health import Check, deployments
from components.addons.karpenter.spec import KUBERNETES, METRICS, NAMESPACE, PODS, VERSION, KarpenterSpec
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.facilities import KarpenterConfig
from components.platform.flows import Flow, to_api_server, to_credentials
from components.platform.place import Place


class Karpenter(AddOn[KarpenterSpec]):
    """Karpenter, on EKS: machines as pods need them, within bounds."""

    name = "karpenter"
    former_name = "autoscaling"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.SCALE
    spec_type = KarpenterSpec
    defines = MappingProxyType({"karpenter.sh": "NodeClaim NodeOverlay NodePool", "karpenter.k8s.aws": "EC2NodeClass"})
    required_capabilities = frozenset({KarpenterConfig.capability, Capability.WORKLOAD_IDENTITY})
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=4, gibibytes=16)),)
    exemptions = (api_server_address("Karpenter"),)

    def bundles(self) -> Collection[str]:
        return ("karpenter", "karpenter-kinds")

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, self.name)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "karpenter")  # and to the cloud, at the same port
        yield Flow("karpenter.metrics", PROMETHEUS, PODS, (METRICS,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        yield from to_credentials(PODS, "karpenter", cluster)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.karpenter.resources import create_resources

        create_resources(self.spec, context, places[NAMESPACE])
