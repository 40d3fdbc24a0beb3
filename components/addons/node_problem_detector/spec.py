"""What a stack file may say of checks of nodes, and what others know of node-problem-detector."""

from typing import Final

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.naming import selector
from components.platform.flows import Pods

VERSION: Final = read_bundles()["node-problem-detector"].version
NAMESPACE: Final = "node-problem-detector"
METRICS: Final = 20257
PODS: Final = Pods(NAMESPACE, selector("node-problem-detector"))


class NodeProblemDetectorSpec(AddOnSpec):
    """Problems of nodes, as events and conditions."""
