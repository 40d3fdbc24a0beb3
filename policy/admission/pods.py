"""What a pod asks for, all containers together.

API defaults: pkg/apis/core/v1/defaults.go; sums: component-helpers/resource/helpers.go (v1.36.3).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from common.quantity import Quantity
from policy.admission.amounts import Amounts, in_thousandths, is_huge_pages, largest, read, total, written

COMPUTE: Final = ("cpu", "memory")


@dataclass(frozen=True)
class ContainerResources:
    """A container's requests and limits. `path` is below the pod spec (`initContainers[0]`)."""

    path: str
    name: str
    requests: Amounts
    limits: Amounts
    init: bool = False
    sidecar: bool = False  # an init container that goes on running


@dataclass(frozen=True)
class PodResources:
    """What matters to limit ranges and quotas of a pod that is about to be created."""

    spec: Mapping[str, Any]
    containers: tuple[ContainerResources, ...]  # init containers last, in the order in which they start
    requests: Amounts  # of the pod as a whole
    limits: Amounts
    overhead: Amounts
    priority_class: str

    @property
    def container_requests(self) -> dict[str, Quantity]:
        """The requests of all containers together."""
        return _together((container, container.requests) for container in self.containers)

    @property
    def container_limits(self) -> dict[str, Quantity]:
        """The limits of all containers together."""
        return _together((container, container.limits) for container in self.containers)

    @property
    def is_best_effort(self) -> bool:
        """Whether it states neither cpu nor memory (quality of service BestEffort)."""
        if self.spec.get("resources") is not None:
            stated: Iterable[Amounts] = (self.requests, self.limits)
        else:
            stated = (amounts for each in self.containers for amounts in (each.requests, each.limits))
        return not any(name in COMPUTE and amount.nanos > 0 for amounts in stated for name, amount in amounts.items())

    @property
    def is_terminating(self) -> bool:
        """Whether it has a deadline (quota scope Terminating)."""
        deadline = self.spec.get("activeDeadlineSeconds")
        return deadline is not None and int(deadline) >= 0


def read_pod(spec: Mapping[str, Any]) -> PodResources:
    """A pod spec with the API's own defaults; QuantityError."""
    stated = spec.get("resources") or {}
    pod = PodResources(
        spec=spec,
        containers=(*_containers(spec, "containers"), *_containers(spec, "initContainers")),
        requests=written(stated.get("requests")),
        limits=written(stated.get("limits")),
        overhead=read(spec.get("overhead")),
        priority_class=str(spec.get("priorityClassName") or ""),
    )
    return _rounded(_with_pod_level_defaults(pod))  # in this order, as the API server does it


def pod_level(amounts: Amounts) -> dict[str, Quantity]:
    """Of amounts, those that a pod as a whole may state."""
    return {name: amount for name, amount in amounts.items() if name in COMPUTE or is_huge_pages(name)}


def _containers(spec: Mapping[str, Any], field: str) -> Iterator[ContainerResources]:
    init = field == "initContainers"
    for index, container in enumerate(spec.get(field) or ()):
        resources = container.get("resources") or {}
        limits = written(resources.get("limits"))
        yield ContainerResources(
            path=f"{field}[{index}]",
            name=str(container.get("name") or ""),
            requests=limits | written(resources.get("requests")),
            limits=limits,
            init=init,
            sidecar=init and container.get("restartPolicy") == "Always",
        )


def _with_pod_level_defaults(pod: PodResources) -> PodResources:
    limits = dict(pod.limits)
    if pod.requests or pod.limits:
        for name, amount in pod.container_limits.items():
            if is_huge_pages(name) and name not in pod.requests:
                limits.setdefault(name, amount)
    if not limits:
        return pod
    by_containers = {name: amount for name, amount in pod.container_requests.items() if name in COMPUTE}
    return replace(pod, limits=limits, requests={**pod_level(limits), **by_containers, **pod.requests})


def _rounded(pod: PodResources) -> PodResources:
    return replace(
        pod,
        containers=tuple(
            replace(it, requests=in_thousandths(it.requests), limits=in_thousandths(it.limits)) for it in pod.containers
        ),
        requests=in_thousandths(pod.requests),
        limits=in_thousandths(pod.limits),
    )


def _together(containers: Iterable[tuple[ContainerResources, Amounts]]) -> dict[str, Quantity]:
    """All that runs at once, or what the greediest init container needs while it runs, whichever is more."""
    running: list[Amounts] = []
    sidecars: list[Amounts] = []
    starting: list[Amounts] = []
    for container, amounts in containers:
        if container.sidecar:
            sidecars.append(amounts)
        if container.init:
            starting.append(total(sidecars if container.sidecar else (amounts, *sidecars)))
        if container.sidecar or not container.init:
            running.append(amounts)
    return largest((total(running), *starting))
