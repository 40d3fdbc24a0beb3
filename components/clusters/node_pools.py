"""Node pools: sets of alike nodes."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from common.quantity import Quantity, parse
from components.contract import Taint
from spec.model import Many, StackModel, same_twice
from spec.problems import Finding
from spec.text import DnsLabel, ExtendedResource, LabelKey, LabelValue
from spec.values import Bytes, Count, Cpu, Devices


class TaintSpec(StackModel):
    """Keeps pods off the pool's nodes unless they tolerate it."""

    key: LabelKey = Field(description="A label key: `example.com/dedicated`.")
    value: LabelValue = Field(default="", description="What the key is set to; tolerations may compare it.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        description="NoSchedule keeps new pods off, PreferNoSchedule tries to, NoExecute also evicts those that run."
    )

    def as_contract(self) -> Taint:
        """The taint as the rest of the program knows it."""
        return Taint(self.key, self.effect, self.value)


class Capacity(StackModel):
    """What one node has. Keys with a domain, such as `nvidia.com/gpu`, are extended resources."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[ExtendedResource, Devices] = Field(init=False)

    cpu: Cpu = Field(default=parse("4"), description="CPUs. The default is a small cloud machine's.")
    memory: Bytes = Field(default=parse("8Gi"), description="Memory. The default is a small cloud machine's.")
    pods: Annotated[Count, Field(ge=1)] = Field(
        default=110, description="Pods at most; 110 is the kubelet's own default."
    )
    ephemeral_storage: Bytes | None = Field(
        default=None, alias="ephemeral-storage", description="Disk for images, logs and emptyDir volumes."
    )

    @classmethod
    def takes(cls, key: str) -> bool:
        return "/" in key

    def amounts(self) -> dict[str, str]:
        """All of it, by Kubernetes' resource name, as the API writes quantities."""
        named: dict[str, Quantity | int | None] = {
            "cpu": self.cpu,
            "memory": self.memory,
            "pods": self.pods,
            "ephemeral-storage": self.ephemeral_storage,
            **self.__pydantic_extra__,
        }
        return {name: str(amount) for name, amount in named.items() if amount is not None}


class NodePoolSpec(StackModel):
    """Nodes that are alike, and are scaled and upgraded together."""

    name: DnsLabel = Field(description="Unique in the cluster; part of the nodes' names.")
    nodes: Annotated[Count, Field(ge=1, le=1000)] = Field(
        description="How many nodes. At most 1000: clouds and control planes want a second pool before that."
    )
    capacity: Capacity = Field(default=Capacity(), description="What each node has.")
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels of each node, for pods to select.")
    taints: Many[TaintSpec] = Field(default=(), description="Taints of each node; unique by key and effect.")

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("taint", "taints", self.taints, lambda taint: (taint.key, taint.effect), "key")
