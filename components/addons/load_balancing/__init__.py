"""AWS's Load Balancer Controller: Gateways as Application Load Balancers, for ingress with `class: cloud` on EKS.

Left out: its other halves, which make load balancers of Services and of Ingresses, for those would be doors past the
ingress; and its webhooks, which serve these, target groups that people write, and readiness gates of pods. Upstream:
kubernetes-sigs.github.io/aws-load-balancer-controller, 3.5, November 2026.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import ClassVar, Final

from components.addons.base import GATEWAY_API, AddOnBase, AddOnSpec, Site, bounded, credential_flows
from components.addons.bundles import read_bundles
from components.addons.cert_manager import CertManager
from components.addons.exempt import api_server_address
from components.addons.monitoring import Monitoring
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow

NAMESPACE: Final = "load-balancing"
METRICS: Final = 8080
NAME: Final = "aws-load-balancer-controller"


class LoadBalancingSpec(AddOnSpec):
    """Gateways of the cloud's own. There is nothing to choose: what they are for is said under ingress."""


class LoadBalancing(AddOnBase):
    """AWS's Load Balancer Controller, on EKS: load balancers for ingress with `class: cloud`."""

    name = "load-balancing"
    version = read_bundles()["aws-load-balancers"].version
    spec_type = LoadBalancingSpec
    bundles = ("aws-load-balancers", "gateway-api")
    defines = MappingProxyType(
        {
            **GATEWAY_API,
            "elbv2.k8s.aws": "IngressClassParams TargetGroupBinding",
            "gateway.k8s.aws": "ListenerRuleConfiguration LoadBalancerConfiguration TargetGroupConfiguration",
        }
    )
    after = (CertManager,)
    requires = frozenset({Capability.LOAD_BALANCER_CONTROLLER, Capability.WORKLOAD_IDENTITY})
    provides = frozenset({Capability.GATEWAYS})
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=5, cpu=2, gibibytes=4)),)
    exemptions = (api_server_address("AWS's Load Balancer Controller"),)

    PODS: ClassVar = flows.Pods(NAMESPACE, selector(NAME))

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "load-balancing")  # and to the cloud, at the same port
        yield Flow("load-balancing.metrics", Monitoring.PROMETHEUS, cls.PODS, (METRICS,))

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        del spec
        yield from credential_flows("load-balancing", cls.PODS, cluster)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.load_balancing.parts import make_parts

        del spec
        make_parts(site, self.places[NAMESPACE])
