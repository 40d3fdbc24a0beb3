"""What a stack file may say of checks of nodes, and what others know of node-problem-detector."""

from typing import Final

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods

VERSION: Final = read_bundles()["node-problem-detector"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=None,
    newest=None,
    source="kubernetes/node-problem-detector v1.36.0, README.md: should work with any supported version",
)
NAMESPACE: Final = "node-problem-detector"
METRICS: Final = 20257
PODS: Final = Pods(NAMESPACE, selector("node-problem-detector"))


class NodeProblemDetectorSpec(AddOnSpec):
    """Problems of nodes, as events and conditions."""
