"""How many pods a workload has (controllers of Kubernetes 1.36)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policy.model.kubernetes import pod_spec
from policy.model.nodes import NodeSet, takes
from policy.model.resource import Resource
from policy.model.unknown import present

_DEFAULT_PART: Final = "25%"  # maxSurge and maxUnavailable of Deployments; DaemonSets have no surge
_DEFAULT_REVISIONS: Final = 10  # old ones that are kept
_DEFAULT_HISTORY: Final = 3  # successful jobs that a CronJob keeps; failed ones are not reckoned with


@dataclass(frozen=True)
class Counts:
    """How many: as stated, while all workloads are rolled out, as far as autoscalers may go, and rolled out then.

    `blocks` says whether a rollout takes nothing away before there is room for something new, as stated and scaled.
    `kept` is how many rollouts before leave, where that is more than what is stated.
    """

    stated: int
    rolling: int
    scaled: int
    peak: int
    blocks: bool = False
    blocks_at_peak: bool = False
    kept: int = 0

    @classmethod
    def fixed(cls, count: int) -> "Counts":
        """A number that nothing changes."""
        return cls(count, count, count, count)

    def __mul__(self, times: int) -> "Counts":
        return Counts(self.stated * times, self.rolling * times, self.scaled * times, self.peak * times)


ONE: Final = Counts.fixed(1)


def pods_of(workload: Resource, scaler: Resource | None, nodes: Sequence[NodeSet]) -> Counts:
    """How many pods a workload has. `scaler` is the HorizontalPodAutoscaler that scales it, if there is one."""
    match workload.kind:
        case "DaemonSet":
            return _on_nodes(workload, nodes)
        case "Job":
            return Counts.fixed(_at_once(workload.spec))
        case "CronJob":
            return _scheduled(workload.spec)
        case "Pod":
            return ONE
        case _:
            return _replicas(workload, scaler)


def pods_kept(workload: Resource, running: Counts) -> Counts:
    """How many pods of a workload there are with those that have finished, which the quota key `count/pods` counts."""
    match workload.kind:
        case "Job":
            return Counts.fixed(_in_all(workload.spec))
        case "CronJob":
            return jobs_kept(workload.spec) * _in_all((workload.spec.get("jobTemplate") or {}).get("spec") or {})
        case _:
            return running


def jobs_kept(spec: Mapping[str, Any]) -> Counts:
    """How many jobs of a CronJob there are with those that have finished; what has a time to live is taken to be over.

    Rules: pkg/controller/cronjob (v1.36.3).
    """
    if spec.get("suspend"):
        return Counts.fixed(0)
    expires = present(((spec.get("jobTemplate") or {}).get("spec") or {}).get("ttlSecondsAfterFinished"))
    kept = 0 if expires else int(_given(spec.get("successfulJobsHistoryLimit"), _DEFAULT_HISTORY))
    overlapping = kept + _overlapping(spec)
    return Counts(kept + 1, overlapping, kept + 1, overlapping)


def claim_templates(workload: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and spec of each volume claim that every pod of a workload gets of its own."""
    if workload.kind == "StatefulSet":
        for index, template in enumerate(workload.spec.get("volumeClaimTemplates") or ()):
            yield f"spec.volumeClaimTemplates[{index}]", template.get("spec") or {}
    path, spec = pod_spec(workload)
    for index, volume in enumerate(spec.get("volumes") or ()):
        if (ephemeral := volume.get("ephemeral")) is not None:
            claim = (ephemeral.get("volumeClaimTemplate") or {}).get("spec") or {}
            yield f"{path}.volumes[{index}].ephemeral", claim


def _replicas(workload: Resource, scaler: Resource | None) -> Counts:
    replicas = int(_given(workload.spec.get("replicas"), 1))
    maximum = replicas
    if scaler and replicas:  # an autoscaler leaves alone what has no replicas
        maximum = int(_given(scaler.spec.get("maxReplicas"), 1))
        replicas = min(max(replicas, int(_given(scaler.spec.get("minReplicas"), 1))), maximum)
    if workload.kind != "Deployment":
        return Counts(replicas, replicas, maximum, maximum)
    surge, blocks = _rollout(workload.spec, replicas)
    surge_at_peak, blocks_at_peak = _rollout(workload.spec, maximum)
    return Counts(replicas, replicas + surge, maximum, maximum + surge_at_peak, blocks, blocks_at_peak)


def _rollout(spec: Mapping[str, Any], replicas: int) -> tuple[int, bool]:
    """How many pods a rollout adds (rounded up), and whether it takes none away before (rounded down).

    Rules: pkg/controller/deployment (rolling.go and util ResolveFenceposts, v1.36.3): the old ReplicaSet shrinks by
    maxUnavailable whether or not the new one finds room; with neither of both, maxUnavailable is 1.
    """
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, False
    bounds = strategy.get("rollingUpdate") or {}
    surge = min(_part(bounds.get("maxSurge"), _DEFAULT_PART, replicas), replicas)  # no more than will be
    return surge, surge > 0 and not _part(bounds.get("maxUnavailable"), _DEFAULT_PART, replicas, up=False)


def revisions_kept(spec: Mapping[str, Any]) -> Counts:
    """How many revisions of a workload there are (a Deployment's are ReplicaSets) once it was rolled out often enough.

    Old ones go when a rollout is complete, and it needs a new one to begin (v1.36.3).
    """
    kept = int(_given(spec.get("revisionHistoryLimit"), _DEFAULT_REVISIONS)) + 1
    return Counts(1, kept + 1, 1, kept + 1, blocks=True, blocks_at_peak=True, kept=kept)


def _on_nodes(workload: Resource, nodes: Sequence[NodeSet]) -> Counts:
    """One pod on each node that it selects, now and when all node pools are as large as they may be."""
    chosen = [each for each in nodes if takes(each, pod_spec(workload)[1])]
    count = sum(each.count for each in chosen)
    maximum = sum(each.count if each.maximum is None else each.maximum for each in chosen)
    strategy = workload.spec.get("updateStrategy") or {}
    rolls = strategy.get("type") != "OnDelete"
    given = (strategy.get("rollingUpdate") or {}).get("maxSurge") if rolls else 0
    surge, surge_at_peak = (min(_part(given, 0, nodes), nodes) for nodes in (count, maximum))  # one on each node
    blocks = surge > 0  # with a surge, maxUnavailable has to be 0
    return Counts(count, count + surge, maximum, maximum + surge_at_peak, blocks, surge_at_peak > 0)


def _at_once(spec: Mapping[str, Any]) -> int:
    """Pods of a Job at the same time."""
    return min(int(_given(spec.get("parallelism"), 1)), _in_all(spec))


def _in_all(spec: Mapping[str, Any]) -> int:
    """Pods of a Job by the time that it is done, if none of them fails."""
    if spec.get("suspend"):
        return 0
    return int(_given(spec.get("completions"), _given(spec.get("parallelism"), 1)))


def _scheduled(spec: Mapping[str, Any]) -> Counts:
    """Pods of a CronJob that run at the same time."""
    if spec.get("suspend"):
        return Counts.fixed(0)
    count = _at_once((spec.get("jobTemplate") or {}).get("spec") or {})
    overlapping = count * _overlapping(spec)
    return Counts(count, overlapping, count, overlapping)


def _overlapping(spec: Mapping[str, Any]) -> int:
    """Jobs of a CronJob that may run at the same time: two where one may start while the one before still ends."""
    return 1 if spec.get("concurrencyPolicy") == "Forbid" else 2


def _part(given: Any, default: int | str, whole: int, *, up: bool = True) -> int:
    """A number, or a percentage of `whole`, rounded up or down."""
    value = _given(given, default)
    if isinstance(value, str) and value.endswith("%"):
        parts = whole * int(value[:-1])
        return -(-parts // 100) if up else parts // 100
    return int(value)


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value
