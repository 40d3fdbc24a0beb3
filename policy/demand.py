"""What the objects of a namespace count for in its quotas, and which of its pods and claims are not admitted.

Of what runs in the cluster already, and is not in the stack, nothing is known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Final

from common.quantity import Quantity, QuantityError
from policy.admission.amounts import Amounts, read
from policy.admission.limit_ranges import claim_refusals, refusals, with_defaults
from policy.admission.pods import Pod, read_pod
from policy.admission.quotas import POD_COUNT, Quota, claim_usage, count_usage, pod_usage, service_usage, unstated
from policy.admission.validation import invalid
from policy.kubernetes import POD_SPECS, not_made_by_others, pod_spec
from policy.model import Resource, Stack
from policy.surroundings import Cluster, Place
from policy.unknown import Undetermined
from policy.workloads import ONE, Counts, claim_templates, jobs_kept, pods_kept, pods_of, revisions_kept

_BEFORE: Final = {"rolling": ("stated", "blocks"), "peak": ("scaled", "blocks_at_peak")}  # fields of `Counts`
_REVISIONS: Final = {
    "Deployment": "replicasets",
    "StatefulSet": "controllerrevisions",
    "DaemonSet": "controllerrevisions",
}
_OWN: Final = {("ConfigMap", "kube-root-ca.crt"): "configmaps", ("ServiceAccount", "default"): "serviceaccounts"}


@dataclass(frozen=True)
class Charge:
    """What `title` counts for: `usage`, and that as often as `times` says."""

    title: str
    usage: Amounts
    times: Counts = ONE
    pod: Pod | None = None
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
class Demand:
    """Everything of one namespace. `unknown` is what is not known of it yet."""

    charges: list[Charge] = field(default_factory=list)
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


def excesses(quota: Quota, demand: Demand, moment: str) -> Iterator[Excess]:
    """The keys of which there is too little for what the stack adds; `moment` is a field of `Counts`."""
    times = attrgetter(moment)
    for key, hard in sorted(quota.hard.items()):
        charges = [
            charge
            for charge in demand.charges
            if key in charge.usage and charge.usage[key].nanos and charge.counted_by(quota)
        ]
        parts = [(charge, count, charge.usage[key]) for charge in charges if (count := times(charge.times))]
        needed = sum((each * count for _, count, each in parts), Quantity(0))
        if needed > hard and any(charge.in_stack for charge, _, _ in parts):
            listed = [(charge.title, count, each) for charge, count, each in parts]
            yield Excess(key, needed, hard, listed, _stuck(charges, key, hard, moment))


def _stuck(charges: Sequence[Charge], key: str, hard: Quantity, moment: str) -> Sequence[str]:
    """The titles of what takes nothing away by itself, and finds no room for one more, before a rollout."""
    if moment not in _BEFORE:
        return ()
    before, blocks = map(attrgetter, _BEFORE[moment])
    standing = sum((it.usage[key] * max(before(it.times), it.times.kept) for it in charges), Quantity(0))
    return [it.title for it in charges if blocks(it.times) and standing + it.usage[key] > hard]


def demand_of(stack: Stack, namespace: str) -> Demand:
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


def _worked_out(stack: Stack, namespace: str) -> Demand:
    placed, unknown = stack.once(_placed)
    resources = list(not_made_by_others(placed.get(namespace, ())))
    demand = Demand(unknown=[*unknown])
    bill = _Bill(demand, Place.of(resources), stack.once(Cluster))
    names = {(it.kind, it.object_name) for it in resources}
    for own, plural in _OWN.items():
        if own not in names:
            title = f"{'/'.join(own)}, which Kubernetes adds"
            demand.charges.append(Charge(title, count_usage("", plural), in_stack=False))
    for resource in resources:
        try:
            bill.add(resource)
        except Undetermined as undetermined:
            demand.unknown.append(undetermined)
        except QuantityError as error:
            demand.refusals.append(Refusal(resource, "", str(error)))
    return demand


@dataclass(frozen=True)
class _Bill:
    """Writes charges and refusals of a place into its demand."""

    demand: Demand
    place: Place
    cluster: Cluster

    def add(self, resource: Resource) -> None:
        title = f"{resource.kind}/{resource.object_name}"
        if resource.kind in POD_SPECS:
            self._add_workload(resource, title)
        if resource.kind == "Service":
            self._charge(title, service_usage(resource.spec))
        elif resource.kind == "PersistentVolumeClaim":
            self._add_claim(resource, "spec", resource.spec, title, ONE)
        elif resource.kind != "Pod":
            group = resource.api_version.rpartition("/")[0]
            self._charge(title, count_usage(group, self.cluster.plural(resource.kind.partition(".")[0])))
        if revisions := _REVISIONS.get(resource.kind):
            self._charge(f"the revisions of {title}", count_usage("apps", revisions), revisions_kept(resource.spec))
        elif resource.kind == "CronJob":
            self._charge(f"what {title} makes", count_usage("batch", "jobs"), jobs_kept(resource.spec))

    def _charge(self, title: str, usage: Amounts, times: Counts = ONE) -> None:
        self.demand.charges.append(Charge(title, usage, times))

    def _add_workload(self, resource: Resource, title: str) -> None:
        path, spec = pod_spec(resource)
        pod = self._admitted(spec)
        scaler = self.place.scalers.get((resource.kind, resource.object_name))
        nodes = self.cluster.nodes if resource.kind == "DaemonSet" else ()
        times = pods_of(resource, scaler, nodes)
        if times.scaled or times.stated:
            self._refuse(resource, path, pod)
        self.demand.charges.append(Charge(title, pod_usage(pod), times, pod=pod))
        self.demand.charges.append(Charge(title, POD_COUNT, pods_kept(resource, times), pod=pod))
        for template_path, claim in claim_templates(resource):
            self._add_claim(resource, template_path, claim, title, times)

    def _admitted(self, spec: Mapping[str, Any]) -> Pod:
        """A pod with all that the API server adds to it before it judges."""
        pod = read_pod(spec)
        if runtime := spec.get("runtimeClassName"):
            pod = replace(pod, overhead=read(self.cluster.overheads.get(str(runtime))) or pod.overhead)
        pod = replace(pod, priority_class=pod.priority_class or self.cluster.priority_class)
        return with_defaults(pod, self.place.limits or ())

    def _refuse(self, resource: Resource, path: str, pod: Pod) -> None:
        if self.place.limits is None:
            return  # what they give and want is not known yet
        found = [*invalid(pod), *refusals(pod, self.place.limits)]
        for quota in self.place.quotas:
            keys = unstated(pod, quota) if quota.counts_pod(pod) else ()
            found += [(at, f"{key} is not stated, and ResourceQuota {quota.name} bounds it") for at, key in keys]
        for at, reason in dict.fromkeys(found):
            where = ".".join(part for part in (path, at) if part)
            self.demand.refusals.append(Refusal(resource, where, reason))

    def _add_claim(self, owner: Resource, path: str, spec: Mapping[str, Any], title: str, times: Counts) -> None:
        if spec.get("storageClassName") is None:
            spec = {**spec, "storageClassName": self.cluster.storage_class}
        stated = read((spec.get("resources") or {}).get("requests"))
        for reason in claim_refusals(stated, self.place.limits or ()):
            self.demand.refusals.append(Refusal(owner, path, reason))
        attributes = str(spec.get("volumeAttributesClassName") or "")
        self.demand.charges.append(Charge(title, claim_usage(spec), times, attributes_class=attributes))
