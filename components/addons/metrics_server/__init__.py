"""metrics-server: what pods and nodes use now, for `kubectl top` and for autoscalers of pods.

Upstream lets the API server take any certificate of it; here it has one that the API server knows. It takes kubelets'
certificates only if the cluster's authority signed them, as managed clouds have it. Left out: metrics that last, which
are monitoring's. Upstream: kubernetes-sigs/metrics-server 0.9, November 2026.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

import pulumi

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded
from components.addons.exempt import api_server_address
from components.contract import Brought, Capability, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import ANY_ADDRESS, Flow

NAMESPACE: Final = "metrics-server"
PORT: Final = 10250
_KUBELET: Final = 10250


class MetricsServerSpec(AddOnSpec):
    """Use of CPU and memory, for autoscalers of pods."""


class MetricsServer(AddOnBase):
    """metrics-server, where the cloud does not bring it: CPU and memory that pods and nodes use."""

    name = "metrics-server"
    version = "0.9.0"
    spec_type = MetricsServerSpec
    requires = frozenset({Capability.EXTENSION_APIS})
    unless = (Brought.METRICS,)
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=5, cpu=2, gibibytes=16)),)
    exemptions = (api_server_address("metrics-server"),)
    ports_from_control_plane = frozenset({PORT})

    PODS: ClassVar = flows.Pods(NAMESPACE, selector("metrics-server"))

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "metrics-server")
        yield Flow("metrics-server.kubelets", cls.PODS, ANY_ADDRESS, (_KUBELET,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.metrics_server.parts import make_parts

        del spec
        self._announce = make_parts(site.replicas, self.places[NAMESPACE])

    def conclude(self, others: Sequence[pulumi.Resource]) -> None:
        self._announce(others)
