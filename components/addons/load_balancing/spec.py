"""What a stack file may say of AWS's Load Balancer Controller, and what others know of it."""

from typing import Final

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods

VERSION: Final = read_bundles()["aws-load-balancers"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=22,
    newest=None,
    tested=32,
    source="kubernetes-sigs/aws-load-balancer-controller v3.5.0, docs/deploy/installation.md, scripts/ci_e2e_test.sh",
)
NAMESPACE: Final = "load-balancing"
METRICS: Final = 8080
CONTROLLER: Final = "aws-load-balancer-controller"
PODS: Final = Pods(NAMESPACE, selector(CONTROLLER))


class LoadBalancingSpec(AddOnSpec):
    """Gateways of the cloud's own. There is nothing to choose: what they are for is said under ingress."""
