"""node-problem-detector: problems of a node's kernel and disks as events and conditions of the node.

Left out: its checks of kubelet and container runtime, which need the node's systemd; what it says is acted on by
people, by the alert NodeProblem of monitoring. Upstream: kubernetes/node-problem-detector 1.36, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.exempt import api_server_address, reads_the_node
from components.addons.health import Check, daemon_sets
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.namespaces import quota
from components.addons.node_problem_detector.spec import (
    KUBERNETES,
    METRICS,
    NAMESPACE,
    PODS,
    VERSION,
    NodeProblemDetectorSpec,
)
from components.contract import BuiltIn, Namespace, PodSecurity
from components.platform.flows import Flow, to_api_server
from components.platform.place import Place


class NodeProblemDetector(AddOn[NodeProblemDetectorSpec]):
    """node-problem-detector, where the cloud does not check nodes itself: kernel and disks."""

    name = "node-problem-detector"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.OBSERVE
    spec_type = NodeProblemDetectorSpec
    superseded_by = (BuiltIn.NODE_CHECKS,)
    namespaces = (  # one for each of 5,000 nodes, which is what Kubernetes is made for
        Namespace(NAMESPACE, PodSecurity.PRIVILEGED, quota(pods=5000, cpu=100, gibibytes=500)),
    )
    exemptions = (
        api_server_address("node-problem-detector"),
        *reads_the_node("node-problem-detector", "the kernel's log, which is a device"),
    )

    def bundles(self) -> Collection[str]:
        return ("node-problem-detector",)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from daemon_sets(NAMESPACE, self.name)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "node-problem-detector")
        yield Flow("node-problem-detector.metrics", PROMETHEUS, PODS, (METRICS,))

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.node_problem_detector.resources import create_resources

        create_resources(places[NAMESPACE])
