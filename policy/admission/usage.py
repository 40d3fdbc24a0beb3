"""What the objects of a namespace count for in its quotas, and which of its pods and claims are not admitted.

Of what runs in the cluster already, and is not in the stack, nothing is known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Final

from common.quantity import Quantity, QuantityError
from policy.admission.amounts import Amounts, read
from policy.admission.facts import NamespaceFacts, StackFacts
from policy.admission.limit_ranges import claim_refusals, refusals, with_defaults
from policy.admission.pods import PodResources, read_pod
from policy.admission.quotas import POD_COUNT, Quota, claim_usage, count_usage, pod_usage, service_usage, unstated
from policy.admission.validation import invalid
from policy.model.kubernetes import POD_SPECS, not_made_by_others, pod_spec
from policy.model.resource import Resource
from policy.model.stack import Stack
from policy.model.unknown import Undetermined
from policy.model.workloads import ONE, Counts, claim_templates, jobs_kept, pods_kept, pods_of, revisions_kept

_BEFORE: Final = {"rolling": ("stated", "blocks"), "peak": ("scaled", "blocks_at_peak")}  # fields of `Counts`
_REVISIONS: Final = {
    "Deployment": "replicasets",
    "StatefulSet": "controllerrevisions",
    "DaemonSet": "controllerrevisions",
}
_OWN: Final = {("ConfigMap", "kube-root-ca.crt"): "configmaps", ("ServiceAccount", "default"): "serviceaccounts"}


@dataclass(frozen=True)
class ObjectUsage:
    """What `title` counts for: `amounts`, and that as often as `times` says."""

    title: str
    amounts: Amounts
    times: Counts = ONE
    pod: PodResources | None = None
    attributes_class: str | None = None  # of a volume claim
    in_stack: bool = True

    def counted_by(self, quota: Quota) -> bool:
        """Whether a quota counts it."""
        if self.pod:
            return quota.counts_pod(self.pod)
        return quota.counts_others if self.attributes_class is None else quota.counts_claim(self.attributes_class)


@dataclass(frozen=True)
class Refusal:
    """A pod or claim that is not admitted, however much room there is."""

    resource: Resource
    path: str
    reason: str


@dataclass
class NamespaceUsage:
    """Everything of one namespace. `unknown` is what is not known of it yet."""

    objects: list[ObjectUsage] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    unknown: list[Undetermined] = field(default_factory=list)


@dataclass(frozen=True)
class Excess:
    """A quota key of which more is needed than there is; `parts` are title, number and amount of each.

    `stuck` are the titles of those that stand still without room for one more.
    """

    key: str
    needed: Quantity
    hard: Quantity
    parts: Sequence[tuple[str, int, Quantity]]
    stuck: Sequence[str]


def excesses(quota: Quota, usage: NamespaceUsage, moment: str) -> Iterator[Excess]:
    """The keys of which there is too little for what the stack adds; `moment` is a field of `Counts`."""
    times = attrgetter(moment)
    for key, hard in sorted(quota.hard.items()):
        objects = [it for it in usage.objects if key in it.amounts and it.amounts[key].nanos and it.counted_by(quota)]
        parts = [(it, count, it.amounts[key]) for it in objects if (count := times(it.times))]
        needed = sum((each * count for _, count, each in parts), Quantity(0))
        if needed > hard and any(it.in_stack for it, _, _ in parts):
            listed = [(it.title, count, each) for it, count, each in parts]
            yield Excess(key, needed, hard, listed, _stuck(objects, key, hard, moment))


def _stuck(objects: Sequence[ObjectUsage], key: str, hard: Quantity, moment: str) -> Sequence[str]:
    """The titles of what takes nothing away by itself, and finds no room for one more, before a rollout."""
    if moment not in _BEFORE:
        return ()
    before, blocks = map(attrgetter, _BEFORE[moment])
    standing = sum((it.amounts[key] * max(before(it.times), it.times.kept) for it in objects), Quantity(0))
    return [it.title for it in objects if blocks(it.times) and standing + it.amounts[key] > hard]


def usage_of(stack: Stack, namespace: str) -> NamespaceUsage:
    """What the objects that the stack puts into a namespace count for."""
    return stack.once(_worked_out, namespace)


def _placed(stack: Stack) -> tuple[Mapping[str, Sequence[Resource]], Sequence[Undetermined]]:
    placed: dict[str, list[Resource]] = {}
    unknown: list[Undetermined] = []
    for resource in stack.resources:
        if resource.is_kubernetes:
            try:
                placed.setdefault(resource.namespace, []).append(resource)
            except Undetermined as undetermined:
                unknown.append(undetermined)
    return placed, unknown


def _worked_out(stack: Stack, namespace: str) -> NamespaceUsage:
    placed, unknown = stack.once(_placed)
    resources = list(not_made_by_others(placed.get(namespace, ())))
    usage = NamespaceUsage(unknown=[*unknown])
    counter = _UsageCounter(usage, NamespaceFacts.of(resources), stack.once(StackFacts))
    names = {(it.kind, it.object_name) for it in resources}
    for own, plural in _OWN.items():
        if own not in names:
            title = f"{'/'.join(own)}, which Kubernetes adds"
            usage.objects.append(ObjectUsage(title, count_usage("", plural), in_stack=False))
    for resource in resources:
        try:
            counter.add(resource)
        except Undetermined as undetermined:
            usage.unknown.append(undetermined)
        except QuantityError as error:
            usage.refusals.append(Refusal(resource, "", str(error)))
    return usage


@dataclass(frozen=True)
class _UsageCounter:
    """Writes what the objects of a namespace count for, and what is refused of them, into its usage."""

    usage: NamespaceUsage
    namespace: NamespaceFacts
    cluster: StackFacts

    def add(self, resource: Resource) -> None:
        title = f"{resource.kind}/{resource.object_name}"
        if resource.kind in POD_SPECS:
            self._add_workload(resource, title)
        if resource.kind == "Service":
            self._add(title, service_usage(resource.spec))
        elif resource.kind == "PersistentVolumeClaim":
            self._add_claim(resource, "spec", resource.spec, title, ONE)
        elif resource.kind != "Pod":
            group = resource.api_version.rpartition("/")[0]
            self._add(title, count_usage(group, self.cluster.plural(resource.kind.partition(".")[0])))
        if revisions := _REVISIONS.get(resource.kind):
            self._add(f"the revisions of {title}", count_usage("apps", revisions), revisions_kept(resource.spec))
        elif resource.kind == "CronJob":
            self._add(f"what {title} makes", count_usage("batch", "jobs"), jobs_kept(resource.spec))

    def _add(self, title: str, usage: Amounts, times: Counts = ONE) -> None:
        self.usage.objects.append(ObjectUsage(title, usage, times))

    def _add_workload(self, resource: Resource, title: str) -> None:
        path, spec = pod_spec(resource)
        pod = self._admitted(spec)
        scaler = self.namespace.scalers.get((resource.kind, resource.object_name))
        nodes = self.cluster.nodes if resource.kind == "DaemonSet" else ()
        times = pods_of(resource, scaler, nodes)
        if times.scaled or times.stated:
            self._refuse(resource, path, pod)
        self.usage.objects.append(ObjectUsage(title, pod_usage(pod), times, pod=pod))
        self.usage.objects.append(ObjectUsage(title, POD_COUNT, pods_kept(resource, times), pod=pod))
        for template_path, claim in claim_templates(resource):
            self._add_claim(resource, template_path, claim, title, times)

    def _admitted(self, spec: Mapping[str, Any]) -> PodResources:
        """A pod with all that the API server adds to it before it judges."""
        pod = read_pod(spec)
        if runtime := spec.get("runtimeClassName"):
            pod = replace(pod, overhead=read(self.cluster.overheads.get(str(runtime))) or pod.overhead)
        pod = replace(pod, priority_class=pod.priority_class or self.cluster.priority_class)
        return with_defaults(pod, self.namespace.limits or ())

    def _refuse(self, resource: Resource, path: str, pod: PodResources) -> None:
        if self.namespace.limits is None:
            return  # what they give and want is not known yet
        found = [*invalid(pod), *refusals(pod, self.namespace.limits)]
        for quota in self.namespace.quotas:
            keys = unstated(pod, quota) if quota.counts_pod(pod) else ()
            found += [(at, f"{key} is not stated, and ResourceQuota {quota.name} bounds it") for at, key in keys]
        for at, reason in dict.fromkeys(found):
            where = ".".join(part for part in (path, at) if part)
            self.usage.refusals.append(Refusal(resource, where, reason))

    def _add_claim(self, owner: Resource, path: str, spec: Mapping[str, Any], title: str, times: Counts) -> None:
        if spec.get("storageClassName") is None:
            spec = {**spec, "storageClassName": self.cluster.storage_class}
        stated = read((spec.get("resources") or {}).get("requests"))
        for reason in claim_refusals(stated, self.namespace.limits or ()):
            self.usage.refusals.append(Refusal(owner, path, reason))
        attributes = str(spec.get("volumeAttributesClassName") or "")
        self.usage.objects.append(ObjectUsage(title, claim_usage(spec), times, attributes_class=attributes))
