"""What a stack file may say of Karpenter, and what others know of it."""

from typing import Annotated, Final, Literal

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.platform.flows import Pods
from spec.model import Many
from spec.values import Bytes, Cpu

VERSION: Final = read_bundles()["karpenter"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=26, newest=37, source="aws/karpenter-provider-aws v1.15.1, pkg/providers/version/version.go"
)
NAMESPACE: Final = "karpenter"
METRICS: Final = 8080
PODS: Final = Pods(NAMESPACE)


class KarpenterSpec(AddOnSpec):
    """Machines as pods need them."""

    cpu: Cpu = Field(description="CPUs of all machines that it makes together: a bound on what they cost.")
    memory: Bytes = Field(description="Memory of all machines that it makes together.")
    capacity: Annotated[Many[Literal["on-demand", "spot"]], Field(min_length=1)] = Field(
        default=("on-demand",),
        description="How machines are bought; of spot, AWS may take any back within two minutes.",
    )
    architectures: Annotated[Many[Literal["amd64", "arm64"]], Field(min_length=1)] = Field(
        default=("amd64",), description="Processors of the machines; every image has to be there for all of them."
    )
    families: Annotated[Many[Annotated[str, Field(min_length=1)]], Field(min_length=1)] = Field(
        default=("c", "m", "r"), description="Families of machine types to choose from, without their generation."
    )
    image: Literal["al2023", "bottlerocket"] = Field(
        default="bottlerocket", description="The nodes' operating system, always the newest of it."
    )
    empty_after_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(
        default=5, description="How long a machine may do little before its pods are moved and it is given back."
    )
