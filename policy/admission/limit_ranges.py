"""What LimitRanges add to pods, and what they refuse.

Rules: plugin/pkg/admission/limitranger and SetDefaults_LimitRangeItem (v1.36.3). Where several LimitRanges of a
namespace give different defaults for one resource, the API server takes any of them; here, the first by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from common.quantity import Quantity
from policy.admission.amounts import Amounts, read
from policy.admission.pods import COMPUTE, ContainerResources, PodResources

_ZERO: Final = Quantity(0)
_MILLI: Final = 10**6  # nanos


@dataclass(frozen=True)
class LimitRangeItem:
    """One item of a LimitRange's `spec.limits`; `owner` is the LimitRange's name."""

    owner: str
    type: str
    min: Amounts
    max: Amounts
    default: Amounts
    default_request: Amounts
    ratio: Amounts


def read_limits(owner: str, spec: Mapping[str, Any]) -> Iterator[LimitRangeItem]:
    """The items of a LimitRange with the API's own defaults; QuantityError."""
    for item in spec.get("limits") or ():
        low, high = read(item.get("min")), read(item.get("max"))
        default, request = read(item.get("default")), read(item.get("defaultRequest"))
        if item.get("type") == "Container":
            default = high | default
            request = low | default | request
        yield LimitRangeItem(
            owner, str(item.get("type")), low, high, default, request, read(item.get("maxLimitRequestRatio"))
        )


def with_defaults(pod: PodResources, limits: Sequence[LimitRangeItem]) -> PodResources:
    """The pod with what LimitRanges give to containers that state less."""
    for item in limits:
        if item.type == "Container":
            pod = replace(pod, containers=tuple(_filled(container, item) for container in pod.containers))
    return pod


def _filled(container: ContainerResources, item: LimitRangeItem) -> ContainerResources:
    return replace(
        container,
        limits={**item.default, **container.limits},
        requests={**item.default_request, **container.requests},
    )


def refusals(pod: PodResources, limits: Iterable[LimitRangeItem]) -> Iterator[tuple[str, str]]:
    """Path below the pod spec (empty for the pod as a whole) and reason of each thing that they do not admit."""
    for item in limits:
        if item.type == "Container":
            for container in pod.containers:
                for reason in _broken(item, container.requests, container.limits):
                    yield container.path, reason
        elif item.type == "Pod":
            requests = {**pod.container_requests, **_compute(pod.requests)}
            for reason in _broken(item, requests, {**pod.container_limits, **_compute(pod.limits)}):
                yield "", reason


def claim_refusals(requests: Amounts, limits: Iterable[LimitRangeItem]) -> Iterator[str]:
    """Why a volume claim that asks for `requests` is not admitted."""
    for item in limits:
        if item.type == "PersistentVolumeClaim":
            for name, minimum in item.min.items():
                yield from _below(item, name, minimum, requests.get(name), "request")
            for name, maximum in item.max.items():
                yield from _above(item, name, maximum, requests.get(name), "request")


def _compute(amounts: Amounts) -> Amounts:
    return {name: amount for name, amount in amounts.items() if name in COMPUTE}


def _broken(item: LimitRangeItem, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, minimum in item.min.items():
        yield from _below(item, name, minimum, requests.get(name), "request")
        if name in limits:
            yield from _below(item, name, minimum, limits[name], "limit")
    for name, maximum in item.max.items():
        yield from _above(item, name, maximum, limits.get(name), "limit")
        if name in requests:
            yield from _above(item, name, maximum, requests[name], "request")
    for name, ratio in item.ratio.items():
        yield from _too_far_apart(item, name, ratio, requests.get(name, _ZERO), limits.get(name, _ZERO))


def _below(item: LimitRangeItem, name: str, minimum: Quantity, found: Quantity | None, side: str) -> Iterator[str]:
    if found is None or found < minimum:
        yield f"{name} {side} is {found or 'not stated'}, LimitRange {item.owner} wants at least {minimum}"


def _above(item: LimitRangeItem, name: str, maximum: Quantity, found: Quantity | None, side: str) -> Iterator[str]:
    if found is None or found > maximum:
        yield f"{name} {side} is {found or 'not stated'}, LimitRange {item.owner} allows at most {maximum}"


def _too_far_apart(
    item: LimitRangeItem, name: str, ratio: Quantity, request: Quantity, limit: Quantity
) -> Iterator[str]:
    allowed = f"LimitRange {item.owner} allows a limit of at most {ratio} times the request"
    if not request.nanos or not limit.nanos:
        yield f"{name} request is {request} and limit is {limit}, {allowed}"
    elif _in_milli(limit) / _in_milli(request) * 1000 > _in_milli(ratio):
        yield f"{name} limit is {limit} with a request of {request}, {allowed}"


def _in_milli(quantity: Quantity) -> float:
    return float(quantity.nanos // _MILLI)  # a ratio is worked out in floating point, as Go does it
