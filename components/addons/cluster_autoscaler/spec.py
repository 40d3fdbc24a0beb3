"""What a stack file may say of cluster-autoscaler, and what others know of it."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods

NAMESPACE: Final = "cluster-autoscaler"
HTTP: Final = 8085  # metrics, and whether it is well
RELEASES: Final[Mapping[str, str]] = {"1.34": "1.34.4", "1.35": "1.35.2", "1.36": "1.36.1"}
"""By the cluster's version: it foresees what that version's scheduler would do."""
_MINORS: Final = [int(each.removeprefix("1.")) for each in RELEASES]
KUBERNETES: Final = KubernetesVersions(
    oldest=min(_MINORS),
    newest=max(_MINORS),
    source="kubernetes/autoscaler, cluster-autoscaler/README.md of 2026-08-22: each its own, 1.36 for 1.36",
)
PODS: Final = Pods(NAMESPACE, selector("cluster-autoscaler"))


class ClusterAutoscalerSpec(AddOnSpec):
    """Nodes as pods need them, within the bounds of the cluster's pools."""

    expander: Literal["least-waste", "most-pods", "random"] = Field(
        default="least-waste",
        description="Which pool grows when several could: the one that has least to spare afterwards, the one with "
        "room for most of the pods that wait, or any.",
    )
    idle_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=10, description="How long a node does little before its pods are moved and it is given back."
    )
    idle_below_percent: Annotated[int, Field(ge=1, le=90)] = Field(
        default=50, description="What little is: the share of a node's CPU and memory that its pods request."
    )
