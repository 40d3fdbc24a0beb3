"""How much a tenant may use: ResourceQuotas and the LimitRange.

Keys and scopes: k8s.io/api/core/v1 ResourceQuotaSpec, Kubernetes 1.36.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from common.quantity import Quantity
from common.reserved import PRIORITY_CLASSES
from components.platform.place import Place
from spec.invalid import valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding, quoted
from spec.text import DnsLabel, DnsName
from spec.values import Bytes, Count, Cpu

Amount: TypeAlias = Quantity | int | None

OWN_QUOTAS: Final = ("quota", "platform-priorities")
"""The names of the ResourceQuotas that every tenant has."""


class Compute(StackModel):
    """Amounts of CPU and memory."""

    cpu: Cpu | None = Field(default=None, description="CPUs, whole or in thousandths: 2, 500m.")
    memory: Bytes | None = Field(default=None, description="Memory: 512Mi, 8Gi.")

    def amounts(self) -> dict[str, Quantity]:
        """The amounts that are given, by Kubernetes' resource name."""
        named = {"cpu": self.cpu, "memory": self.memory}
        return {name: amount for name, amount in named.items() if amount is not None}


class Resources(Compute):
    """Amounts of CPU, memory and local disk."""

    ephemeral_storage: Bytes | None = Field(
        default=None, alias="ephemeral-storage", description="Disk for logs, emptyDir volumes and written layers."
    )

    def amounts(self) -> dict[str, Quantity]:
        disk = self.ephemeral_storage
        return super().amounts() | ({} if disk is None else {"ephemeral-storage": disk})


def not_above(lower: Compute | None, lower_at: str, upper: Compute | None, upper_at: str) -> Iterator[Finding]:
    """A finding for each amount of `lower` that exceeds the same resource's in `upper`."""
    limits = upper.amounts() if upper else {}
    for name, amount in (lower.amounts() if lower else {}).items():
        if name in limits and amount > limits[name]:
            remedy = f"Lower it, or raise {upper_at}.{name}."
            allowed = f"at most {upper_at}.{name}, {limits[name]}"
            yield Finding(Code.OUT_OF_ORDER, str(amount), allowed, remedy, at=(lower_at, name))


class StorageClassQuota(StackModel):
    """What a tenant may claim of one storage class."""

    name: DnsName = Field(description="The storage class.")
    storage: Bytes | None = Field(default=None, description="The sum of its claims' sizes.")
    persistent_volume_claims: Count | None = Field(default=None, description="How many claims.")

    def findings(self) -> Iterator[Finding]:
        if self.storage is None and self.persistent_volume_claims is None:
            remedy = "Add storage, persistentVolumeClaims or both."
            yield Finding(Code.MISSING_KEY, "nothing to limit", remedy=remedy)


Scope = Literal["BestEffort", "NotBestEffort", "Terminating", "NotTerminating"]
_OPPOSITES: tuple[tuple[Scope, Scope], ...] = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))


class ScopedQuota(StackModel):
    """A further quota that counts only pods of some kind (`IsResourceQuotaScopeValidForResource`, Kubernetes 1.36)."""

    name: DnsLabel = Field(description="Unique among the tenant's scoped quotas.")
    scopes: Many[Scope] = Field(
        default=(),
        description="Pods that fit all of these. BestEffort: without requests and limits. Terminating: with an "
        "activeDeadlineSeconds.",
    )
    priority_classes: Many[DnsName] = Field(default=(), description="Pods of these priority classes.")
    pods: Count | None = Field(default=None, description="How many of them.")
    requests: Compute | None = Field(default=None, description="The sum of their requests.")
    limits: Compute | None = Field(default=None, description="The sum of their limits.")

    def findings(self) -> Iterator[Finding]:
        if not self.scopes and not self.priority_classes:
            yield Finding(Code.MISSING_KEY, "no scope", remedy="Add scopes or priorityClasses.")
        if self.pods is None and self.requests is None and self.limits is None:
            yield Finding(Code.MISSING_KEY, "nothing to limit", remedy="Add pods, requests or limits.")
        yield from same_twice("scope", "scopes", self.scopes, str, key="")
        for one, other in _OPPOSITES:
            if one in self.scopes and other in self.scopes:
                remedy = "Make two quotas of it, with one of the scopes each."
                yield Finding(Code.SCOPES, f"{one} and {other}", "one of the two", remedy, at=("scopes",))
        for index, name in valid(self.priority_classes):
            if name in PRIORITY_CLASSES:
                remedy = "Remove it: no pod of a tenant may be of this class."
                at = ("priorityClasses", index)
                yield Finding(Code.NOT_ALLOWED, quoted(name), "classes of platform.priorityClasses", remedy, at=at)
        for key in ("requests", "limits"):
            if "BestEffort" in self.scopes and getattr(self, key) is not None:
                remedy = f"Remove {key}; pods of this scope have neither requests nor limits."
                yield Finding(Code.SCOPES, f"{key} with BestEffort", "pods", remedy, at=(key,))
        yield from not_above(self.requests, "requests", self.limits, "limits")


class QuotaSpec(StackModel):
    """What all objects of a tenant may use together (a ResourceQuota). What is left out is not limited."""

    pods: Count = Field(description="Pods that have not ended; a rollout needs room for its surge.")
    requests: Resources = Field(description="The sum of the requests of all pods.")
    limits: Resources = Field(description="The sum of the limits of all pods.")
    config_maps: Count | None = Field(
        default=None, description="ConfigMaps; every namespace has one of Kubernetes' own."
    )
    persistent_volume_claims: Count = Field(default=0, description="Claims. 0, because volumes cost money when idle.")
    secrets: Count | None = Field(default=None, description="Secrets.")
    services: Count | None = Field(default=None, description="Services of all types.")
    load_balancers: Count = Field(
        default=0, description="Services of type LoadBalancer. 0, because each costs money and faces outward."
    )
    node_ports: Count | None = Field(
        default=None,
        description="Ports opened on every node. They go past the ingress, so the default is 0, except where load "
        "balancers are allowed, which may need them.",
    )
    storage: Bytes | None = Field(default=None, description="The sum of all claims' sizes.")
    storage_classes: Many[StorageClassQuota] = Field(default=(), description="Limits per storage class.")
    scoped: Many[ScopedQuota] = Field(default=(), description="Further quotas, each for some of the pods.")

    def findings(self) -> Iterator[Finding]:
        yield from not_above(self.requests, "requests", self.limits, "limits")
        yield from same_twice("limit for storage class", "storageClasses", self.storage_classes)
        yield from same_twice("scoped quota", "scoped", self.scoped)
        for index, scoped in valid(self.scoped):
            if scoped.name in OWN_QUOTAS:
                at = ("scoped", index, "name")
                yield Finding(Code.RESERVED_NAME, scoped.name, "a name that no guardrail has", "Rename it.", at=at)


class VolumeRange(StackModel):
    """The size of a single claim."""

    min: Bytes | None = Field(default=None, description="The smallest claim.")
    max: Bytes | None = Field(default=None, description="The largest claim.")

    def findings(self) -> Iterator[Finding]:
        if self.min is None and self.max is None:
            yield Finding(Code.MISSING_KEY, "no bound", remedy="Add min, max or both.")
        if self.min is not None and self.max is not None and self.min > self.max:
            remedy = "Lower it, or raise max."
            yield Finding(Code.OUT_OF_ORDER, str(self.min), f"at most max, {self.max}", remedy, at=("min",))


class LimitRangeSpec(StackModel):
    """What a single container gets and may ask for.

    It goes with the quota: once a quota counts CPU and memory, pods that state neither are refused
    unless a LimitRange states them.
    """

    default: Resources = Field(description="Limits of a container that states none.")
    default_request: Resources = Field(description="Requests of a container that states none.")
    min: Resources | None = Field(default=None, description="The least that a container may request.")
    max: Resources | None = Field(default=None, description="The most that a container may have as its limit.")
    volumes: VolumeRange | None = Field(default=None, description="The size of a single volume claim.")

    def findings(self) -> Iterator[Finding]:
        yield from not_above(self.default_request, "defaultRequest", self.default, "default")
        yield from not_above(self.default, "default", self.max, "max")
        yield from not_above(self.min, "min", self.default_request, "defaultRequest")
        yield from not_above(self.min, "min", self.max, "max")


def make_quotas(spec: QuotaSpec, place: Place) -> Iterator[pulumi.Resource]:
    """The ResourceQuota for everything in the namespace, that for no pod of the platform's priorities, and `scoped`."""
    everything, priorities = OWN_QUOTAS
    yield _quota(everything, kubernetes.core.v1.ResourceQuotaSpecArgs(hard=hard(spec)), place)
    none = kubernetes.core.v1.ResourceQuotaSpecArgs(hard={"pods": "0"}, scope_selector=_of_classes(PRIORITY_CLASSES))
    yield _quota(priorities, none, place)
    for scoped in spec.scoped:
        args = kubernetes.core.v1.ResourceQuotaSpecArgs(
            hard=_texts({"pods": scoped.pods, **_compute(scoped.requests, scoped.limits)}),
            scopes=list(scoped.scopes) or None,
            scope_selector=_of_classes(scoped.priority_classes) if scoped.priority_classes else None,
        )
        yield _quota(scoped.name, args, place)


def _of_classes(names: Sequence[str]) -> "kubernetes.core.v1.ScopeSelectorArgs":
    """What selects pods of these priority classes."""
    of_classes = kubernetes.core.v1.ScopedResourceSelectorRequirementArgs(
        scope_name="PriorityClass", operator="In", values=list(names)
    )
    return kubernetes.core.v1.ScopeSelectorArgs(match_expressions=[of_classes])


def _quota(name: str, spec: "kubernetes.core.v1.ResourceQuotaSpecArgs", place: Place) -> pulumi.Resource:
    return kubernetes.core.v1.ResourceQuota(
        place.logical(name), metadata=place.metadata(name), spec=spec, opts=place.options()
    )


def make_limit_range(spec: LimitRangeSpec, place: Place) -> pulumi.Resource:
    """The LimitRange `limits`: for containers, and for volume claims if the spec bounds them."""
    limits = [
        kubernetes.core.v1.LimitRangeItemArgs(
            type="Container",
            default=_texts(spec.default.amounts()),
            default_request=_texts(spec.default_request.amounts()),
            min=_texts(spec.min.amounts()) if spec.min else None,
            max=_texts(spec.max.amounts()) if spec.max else None,
        )
    ]
    if spec.volumes:
        claims = kubernetes.core.v1.LimitRangeItemArgs(
            type="PersistentVolumeClaim",
            min=_texts({"storage": spec.volumes.min}) or None,
            max=_texts({"storage": spec.volumes.max}) or None,
        )
        limits.append(claims)
    return kubernetes.core.v1.LimitRange(
        place.logical("limits"),
        metadata=place.metadata("limits"),
        spec=kubernetes.core.v1.LimitRangeSpecArgs(limits=limits),
        opts=place.options(),
    )


def hard(spec: QuotaSpec) -> dict[str, str]:
    """`spec.hard` of the namespace's ResourceQuota."""
    by_class: dict[str, Amount] = {}
    for each in spec.storage_classes:
        by_class[f"{each.name}.storageclass.storage.k8s.io/requests.storage"] = each.storage
        by_class[f"{each.name}.storageclass.storage.k8s.io/persistentvolumeclaims"] = each.persistent_volume_claims
    node_ports = 0 if spec.node_ports is None and not spec.load_balancers else spec.node_ports
    return _texts(
        {
            "pods": spec.pods,
            **_compute(spec.requests, spec.limits),
            "configmaps": spec.config_maps,
            "persistentvolumeclaims": spec.persistent_volume_claims,
            "secrets": spec.secrets,
            "services": spec.services,
            "services.loadbalancers": spec.load_balancers,
            "services.nodeports": node_ports,
            "requests.storage": spec.storage,
            **by_class,
        }
    )


def _compute(requests: Compute | None, limits: Compute | None) -> dict[str, Amount]:
    named = {"requests": requests, "limits": limits}
    return {f"{side}.{name}": amount for side, c in named.items() if c for name, amount in c.amounts().items()}


def _texts(amounts: Mapping[str, Amount]) -> dict[str, str]:
    """Amounts as the API spells them, without those that are not given."""
    return {name: str(amount) for name, amount in amounts.items() if amount is not None}
