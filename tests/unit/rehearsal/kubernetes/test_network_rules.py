"""Services and Ingresses are ready exactly when the official provider would stop waiting for them.

Guards against an `up` that ends before they lead anywhere, and against one that waits ten minutes for nothing.
"""

import time
from typing import Any

import pytest

from rehearsal.providers.kubernetes.awaits.networking import IngressRule, ServiceRule
from rehearsal.providers.kubernetes.awaits.rule import ENDPOINTS, SERVICE, Situation
from rehearsal.providers.kubernetes.objects import Object
from tests.unit.rehearsal.kubernetes.support import live


def _endpoints(name: str = "subject", version: int = 1, ready: int = 0, pending: int = 0) -> Object:
    subset = {"addresses": [{"ip": "1"}] * ready, "notReadyAddresses": [{"ip": "2"}] * pending}
    return live(name, resourceVersion=str(version)) | {"subsets": [subset]}


def _service(spec: Any, address: bool = False) -> Object:
    return live(spec=spec, status={"loadBalancer": {"ingress": [{"ip": "1"}] if address else []}})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until its only item is changed."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


SELECTING = {"type": "ClusterIP", "selector": {"a": "b"}}


@pytest.mark.parametrize(
    ("spec", "address", "ready"),
    [
        ({"type": "ExternalName", "selector": {"a": "b"}}, False, True),
        ({"clusterIP": "None", "selector": {"a": "b"}}, False, True),
        ({"type": "ClusterIP"}, False, True),
        ({"type": "LoadBalancer"}, False, False),
        ({"type": "LoadBalancer"}, True, True),
        (SELECTING, False, False),
    ],
)
def test_a_service_before_its_endpoints_are_seen(spec: Object, address: bool, ready: bool) -> None:
    assert ServiceRule()(Situation(_service(spec, address), {ENDPOINTS: []})).ready is ready


def test_a_service_with_a_selector_takes_ten_seconds_after_its_endpoints_appear(clock: list[float]) -> None:
    rule = ServiceRule()
    situation = Situation(_service(SELECTING), {ENDPOINTS: [_endpoints(), _endpoints("other", pending=1)]})
    assert rule(situation).again == 10
    clock[0] += 9.9
    assert not rule(situation).ready
    clock[0] += 0.1
    assert rule(situation).ready


def test_a_service_waits_for_pods_that_are_getting_ready(clock: list[float]) -> None:
    rule = ServiceRule()
    verdict = rule(Situation(_service(SELECTING), {ENDPOINTS: [_endpoints(pending=1)]}))
    clock[0] += 60
    assert not rule(Situation(_service(SELECTING), {ENDPOINTS: [_endpoints(pending=1)]})).ready
    assert not verdict.tolerable
    rule(Situation(_service(SELECTING), {ENDPOINTS: [_endpoints(version=2, ready=1)]}))
    clock[0] += 10
    assert rule(Situation(_service(SELECTING), {ENDPOINTS: [_endpoints(version=2, ready=1)]})).ready


def test_a_service_without_pods_is_tolerable_when_time_is_up(clock: list[float]) -> None:
    assert clock
    assert ServiceRule()(Situation(_service(SELECTING), {ENDPOINTS: [_endpoints()]})).tolerable


def test_a_refresh_does_not_wait_for_endpoints_to_settle() -> None:
    assert ServiceRule()(Situation(_service(SELECTING), {ENDPOINTS: [_endpoints(ready=1)]}, once=True)).ready


def _ingress(*services: str, address: bool = True) -> Object:
    paths = [{"backend": {"service": {"name": name}}} for name in services]
    live = _service({"rules": [{"http": {"paths": paths}}]}, address)
    return live | {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}


def test_an_ingress_needs_an_address_and_endpoints_of_its_backends() -> None:
    external = live("ext", spec={"type": "ExternalName"})
    related = {ENDPOINTS: [_endpoints("web")], SERVICE: [external]}
    assert IngressRule()(Situation(_ingress("web", "ext"), related)).ready
    assert not IngressRule()(Situation(_ingress("web", address=False), related)).ready
    assert not IngressRule()(Situation(_ingress("web", "lost"), related)).ready


def test_an_ingress_gives_up_on_endpoints_that_do_not_come(clock: list[float]) -> None:
    busy, idle = IngressRule(), IngressRule()
    seen = Situation(_ingress("lost"), {ENDPOINTS: [_endpoints("web")], SERVICE: []})
    nothing = Situation(_ingress("lost"), {ENDPOINTS: [], SERVICE: []})
    assert (busy(seen).ready, idle(nothing).ready) == (False, False)
    clock[0] += 10
    assert (busy(seen).ready, idle(nothing).ready) == (True, False)
    clock[0] += 50
    assert idle(nothing).ready
