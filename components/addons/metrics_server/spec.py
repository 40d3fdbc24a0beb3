"""What a stack file may say of metrics-server, and what others know of it."""

from typing import Final

from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods

VERSION: Final = "0.9.0"
KUBERNETES: Final = KubernetesVersions(
    oldest=34, newest=None, tested=36, source="kubernetes-sigs/metrics-server v0.9.0, README.md, Makefile"
)
NAMESPACE: Final = "metrics-server"
PORT: Final = 10250
PODS: Final = Pods(NAMESPACE, selector("metrics-server"))


class MetricsServerSpec(AddOnSpec):
    """Use of CPU and memory, for autoscalers of pods."""
