"""node-problem-detector: problems of a node's kernel and disks as events and conditions of the node.

Left out: its checks of kubelet and container runtime, which need the node's systemd; what it says is acted on by
people, by the alert NodeProblem of monitoring. Upstream: kubernetes/node-problem-detector 1.36, November 2026.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded
from components.addons.bundles import read_bundles
from components.addons.exempt import api_server_address, reads_the_node
from components.addons.monitoring import Monitoring
from components.contract import Brought, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow

NAMESPACE: Final = "node-problem-detector"
METRICS: Final = 20257


class NodeProblemDetectorSpec(AddOnSpec):
    """Problems of nodes, as events and conditions."""


class NodeProblemDetector(AddOnBase):
    """node-problem-detector, where the cloud does not check nodes itself: kernel and disks."""

    name = "node-problem-detector"
    version = read_bundles()["node-problem-detector"].version
    spec_type = NodeProblemDetectorSpec
    bundles = ("node-problem-detector",)
    unless = (Brought.NODE_CHECKS,)
    namespaces = (  # one for each of 5,000 nodes, which is what Kubernetes is made for
        Namespace(NAMESPACE, PodSecurity.PRIVILEGED, bounded(pods=5000, cpu=100, gibibytes=500)),
    )
    exemptions = (
        api_server_address("node-problem-detector"),
        *reads_the_node("node-problem-detector", "the kernel's log, which is a device"),
    )

    PODS: ClassVar = flows.Pods(NAMESPACE, selector("node-problem-detector"))

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "node-problem-detector")
        yield Flow("node-problem-detector.metrics", Monitoring.PROMETHEUS, cls.PODS, (METRICS,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.node_problem_detector.parts import make_parts

        del spec, site
        make_parts(self.places[NAMESPACE])
