"""Karpenter: machines as pods need them, and none that nobody needs.

For EKS with `autoscaling: karpenter`; cluster-autoscaler scales the pools of EKS instead. GKE and AKS scale theirs
themselves, within the bounds that the pools have. Left out: several kinds of pools.
Upstream: karpenter.sh/docs, 1.15, November 2026.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded, credential_flows
from components.addons.bundles import read_bundles
from components.addons.exempt import api_server_address
from components.addons.monitoring import Monitoring
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.platform import flows
from components.platform.flows import Flow
from spec.model import Many
from spec.values import Bytes, Cpu

NAMESPACE: Final = "karpenter"


class AutoscalingSpec(AddOnSpec):
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


class Autoscaling(AddOnBase):
    """Karpenter, on EKS: machines as pods need them, within bounds."""

    name = "autoscaling"
    version = read_bundles()["karpenter"].version
    spec_type = AutoscalingSpec
    bundles = ("karpenter", "karpenter-kinds")
    defines = MappingProxyType({"karpenter.sh": "NodeClaim NodeOverlay NodePool", "karpenter.k8s.aws": "EC2NodeClass"})
    requires = frozenset({Capability.MACHINES, Capability.WORKLOAD_IDENTITY})
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=5, cpu=4, gibibytes=16)),)
    exemptions = (api_server_address("Karpenter"),)

    PODS: ClassVar = flows.Pods(NAMESPACE)

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "karpenter")  # and to the cloud, at the same port
        yield Flow("karpenter.metrics", Monitoring.PROMETHEUS, cls.PODS, (8080,))

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        del spec
        yield from credential_flows("karpenter", cls.PODS, cluster)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.autoscaling.parts import make_parts

        assert isinstance(spec, AutoscalingSpec)
        make_parts(spec, site, self.places[NAMESPACE])
