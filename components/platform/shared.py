"""What every tenant of a cluster shares: storage classes, priority classes and guards."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Literal

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from components.contract import Cluster, Storage
from components.naming import component_type
from components.platform.guards import GUARDS, Guard, make_guard
from components.platform.place import Place
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsName, PriorityClassName, QualifiedName

DEFAULT_CLASS_ANNOTATION: Final = "storageclass.kubernetes.io/is-default-class"


class StorageClassSpec(StackModel):
    """A kind of volume that claims can ask for by name."""

    name: DnsName = Field(description="What a claim's storageClassName says.")
    default: bool = Field(default=False, description="Whether claims without a class get this one.")
    shared: bool = Field(
        default=False,
        description="Whether many nodes can mount a volume at once (ReadWriteMany): a file system, not a disk.",
    )
    provisioner: QualifiedName | None = Field(
        default=None, description="The driver that makes the volumes. The default is the cluster's own."
    )
    parameters: Mapping[str, str] = Field(
        default={},
        description="What the driver is told; each has its own keys. The cluster's own is told to encrypt.",
    )
    reclaim_policy: Literal["Delete", "Retain"] = Field(
        default="Delete",
        description="What becomes of a volume when its claim is deleted. Delete, as Kubernetes has it: a volume that "
        "nobody claims costs money. Use Retain for what cannot be made again.",
    )
    binding_mode: Literal["WaitForFirstConsumer", "Immediate"] = Field(
        default="WaitForFirstConsumer",
        description="When a volume is made. WaitForFirstConsumer, because only then it is made in its pod's zone.",
    )
    allow_volume_expansion: bool = Field(
        default=True,
        description="Whether a claim can grow. True, because a full volume that cannot is replaced by hand.",
    )


class PriorityClassSpec(StackModel):
    """How important pods are when not all of them fit."""

    name: PriorityClassName = Field(description="What a pod's priorityClassName says.")
    value: Annotated[int, Field(ge=-(2**31), le=1_000_000_000)] = Field(
        description="Higher is more important. 1000000000 at most: what is above is Kubernetes' own."
    )
    description: str = Field(default="", description="When to use the class.")
    global_default: bool = Field(default=False, description="Whether pods without a class get this one.")
    preempts: bool = Field(
        default=True,
        description="Whether pods of this class may evict less important ones. True, as Kubernetes has it; "
        "false only puts them first in the queue.",
    )


class PlatformSpec(StackModel):
    """What every tenant of the cluster shares."""

    storage_classes: Many[StorageClassSpec] = Field(
        default=(), description="Storage classes; exactly one is the default when any is declared."
    )
    priority_classes: Many[PriorityClassSpec] = Field(
        default=(), description="Priority classes; at most one is the global default."
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("storage class", "storageClasses", self.storage_classes)
        yield from same_twice("priority class", "priorityClasses", self.priority_classes)
        yield from _further_defaults("storageClasses", "default", [each.default for each in self.storage_classes])
        yield from _further_defaults(
            "priorityClasses", "globalDefault", [c.global_default for c in self.priority_classes]
        )
        if self.storage_classes and not any(each.default for each in self.storage_classes):
            remedy = "Set `default: true` on one of the classes; claims without a class would wait for ever."
            at = ("storageClasses",)
            yield Finding(Code.DEFAULT_CLASS, "no default", "exactly one default", remedy, at=at)


def _further_defaults(field: str, key: str, flags: list[bool]) -> Iterator[Finding]:
    first, *further = [index for index, flag in enumerate(flags) if flag is True] or [0]
    for index in further:
        remedy = f"Remove `{key}` here or from {field}[{first}]."
        yield Finding(Code.DEFAULT_CLASS, "another default", "one default", remedy, at=(field, index, key))


class Shared(pulumi.ComponentResource):
    """Storage classes and priority classes of a cluster, and what guards it from tenants."""

    def __init__(self, spec: PlatformSpec, cluster: Cluster, rules: Iterable[Guard] = ()) -> None:
        super().__init__(component_type("platform", "Shared"), cluster.name, opts=cluster.in_cluster())
        place = Place(self)
        for storage_class in spec.storage_classes:
            _make_storage_class(storage_class, cluster, place)
        for name in cluster.own_default_classes if spec.storage_classes else ():
            _demote(name, place)
        for priority_class in spec.priority_classes:
            _make_priority_class(priority_class, place)
        for guard in (*GUARDS, *rules):
            list(make_guard(guard, cluster.name, place))
        self.register_outputs(
            {
                "storageClasses": [each.name for each in spec.storage_classes],
                "priorityClasses": [each.name for each in spec.priority_classes],
            }
        )


def _make_storage_class(spec: StorageClassSpec, cluster: Cluster, place: Place) -> None:
    storage = Storage(spec.provisioner) if spec.provisioner else _cluster_storage(spec, cluster)
    kubernetes.storage.v1.StorageClass(
        spec.name,
        metadata=place.metadata(spec.name, annotations={DEFAULT_CLASS_ANNOTATION: str(spec.default).lower()}),
        provisioner=storage.driver,
        parameters={**storage.parameters, **spec.parameters} or None,
        reclaim_policy=spec.reclaim_policy,
        volume_binding_mode=spec.binding_mode,
        allow_volume_expansion=spec.allow_volume_expansion,
        opts=place.options(),
    )


def _demote(name: str, place: Place) -> None:
    """Have a class of the cloud's own no longer be the default: of two, claims get the one that was made last."""
    kubernetes.storage.v1.StorageClassPatch(
        name,
        metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(name=name, annotations={DEFAULT_CLASS_ANNOTATION: "false"}),
        opts=place.options(),
    )


def _cluster_storage(spec: StorageClassSpec, cluster: Cluster) -> Storage:
    storage = cluster.shared_storage() if spec.shared else cluster.block_storage
    assert storage, "the stack file was checked for it"
    return storage


def _make_priority_class(spec: PriorityClassSpec, place: Place) -> None:
    kubernetes.scheduling.v1.PriorityClass(
        spec.name,
        metadata=place.metadata(spec.name),
        value=spec.value,
        description=spec.description or None,
        global_default=spec.global_default or None,
        preemption_policy=None if spec.preempts else "Never",
        opts=place.options(),
    )
