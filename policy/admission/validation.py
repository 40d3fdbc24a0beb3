"""Requests and limits that the API server refuses whatever the namespace (pkg/apis/core/validation, v1.36.3).

It looks after LimitRanges have given their defaults: a limit by default may be below a request that is stated.
"""

from collections.abc import Iterator

from policy.admission.amounts import Amounts, is_huge_pages, may_overcommit
from policy.admission.pods import COMPUTE, PodResources


def invalid(pod: PodResources) -> Iterator[tuple[str, str]]:
    """Path below the pod spec (empty for the pod as a whole) and reason of each thing that is invalid."""
    for container in pod.containers:
        for reason in _inconsistent(container.requests, container.limits):
            yield container.path, reason
    for reason in (*_inconsistent(pod.requests, pod.limits), *_below_containers(pod)):
        yield "", reason


def _inconsistent(requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, request in requests.items():
        limit = limits.get(name)
        if limit is None:
            if not may_overcommit(name):
                yield f"{name} needs a limit that equals its request of {request}"
        elif request != limit and not may_overcommit(name):
            yield f"{name} request is {request} and limit is {limit}, which must be equal"
        elif request > limit:
            yield f"{name} request is {request}, above the limit of {limit}"
    names = {*requests, *limits}
    if any(map(is_huge_pages, names)) and names.isdisjoint(COMPUTE):
        yield "huge pages need a request for cpu or memory as well"


def _below_containers(pod: PodResources) -> Iterator[str]:
    for name, amount in pod.container_requests.items():
        if name in pod.requests and amount > pod.requests[name]:
            yield f"{name} request is {pod.requests[name]} for the pod and {amount} for its containers together"
    for name, amount in pod.container_limits.items():
        if is_huge_pages(name) and name in pod.limits and amount > pod.limits[name]:
            yield f"{name} limit is {pod.limits[name]} for the pod and {amount} for its containers together"
    for container in pod.containers:
        for name, amount in container.limits.items():
            if not container.init and name in pod.limits and amount > pod.limits[name]:
                yield f"{name} limit is {pod.limits[name]} for the pod and {amount} for container {container.name}"
