"""AWS's Load Balancer Controller: Gateways as Application Load Balancers, for ingress with `class: cloud` on EKS.

Left out: its other halves, which make load balancers of Services and of Ingresses, for those would be doors past the
ingress; and its webhooks, which serve these, target groups that people write, and readiness gates of pods. Upstream:
kubernetes-sigs.github.io/aws-load-balancer-controller, 3.5, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.exempt import api_server_address
from components.addons.gateway_api.spec import KINDS, GatewayApiSpec
from components.addons.health import Check, deployments
from components.addons.load_balancing.spec import (
    CONTROLLER,
    KUBERNETES,
    METRICS,
    NAMESPACE,
    PODS,
    VERSION,
    LoadBalancingSpec,
)
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.addons.spec import SpecType
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.facilities import LoadBalancerControllerConfig
from components.platform.flows import Flow, to_api_server, to_credentials
from components.platform.place import Place


class LoadBalancing(AddOn[LoadBalancingSpec]):
    """AWS's Load Balancer Controller, on EKS: load balancers for ingress with `class: cloud`."""

    name = "load-balancing"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.CONNECT
    spec_type = LoadBalancingSpec
    defines = MappingProxyType(
        {
            **KINDS,
            "elbv2.k8s.aws": "IngressClassParams TargetGroupBinding",
            "gateway.k8s.aws": "ListenerRuleConfiguration LoadBalancerConfiguration TargetGroupConfiguration",
        }
    )
    required_capabilities = frozenset({LoadBalancerControllerConfig.capability, Capability.WORKLOAD_IDENTITY})
    provides = frozenset({Capability.GATEWAYS})
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=2, gibibytes=4)),)
    exemptions = (api_server_address("AWS's Load Balancer Controller"),)

    def depends_on(self) -> Collection[SpecType]:
        return (GatewayApiSpec,)

    def bundles(self) -> Collection[str]:
        return ("aws-load-balancers",)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, CONTROLLER)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "load-balancing")  # and to the cloud, at the same port
        yield Flow("load-balancing.metrics", PROMETHEUS, PODS, (METRICS,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        yield from to_credentials(PODS, "load-balancing", cluster)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.load_balancing.resources import create_resources

        create_resources(context, places[NAMESPACE])
