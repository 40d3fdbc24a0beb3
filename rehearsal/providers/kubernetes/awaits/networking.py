"""Rules for what leads traffic to pods: Service and Ingress."""

from typing import Any, Final

from rehearsal.providers.kubernetes.awaits.rule import ENDPOINTS, READY, SERVICE, QuietPeriod, Readiness, Situation
from rehearsal.providers.kubernetes.objects import Object, at, items_at, name_of, text_at

_QUIET: Final = 10.0  # seconds after an event of Endpoints
_NO_ENDPOINTS: Final = 60.0  # seconds without any event after which an Ingress does not wait for Endpoints


class ServiceRule:
    """A Service is ready with its address, and, if it selects pods, once its Endpoints are settled and ready.

    Zero addresses are fine. At the end of the wait, an address and no pod that is getting ready suffice.
    """

    def __init__(self) -> None:
        self._settling = QuietPeriod(_QUIET)

    def __call__(self, situation: Situation) -> Readiness:
        """Judge a Service with the Endpoints of its namespace."""
        live = situation.live
        endpoints = [item for item in situation.related[ENDPOINTS] if name_of(item) == name_of(live)]
        self._settling.observe(endpoints)
        has_address = text_at(live, "spec", "type") != "LoadBalancer" or _is_balanced(live)
        if not _selects_pods(live):
            return READY if has_address else Readiness(ready=False, reasons=(_NO_ADDRESS,))
        addresses = _addresses(endpoints, "addresses")
        pending = _addresses(endpoints, "notReadyAddresses")
        if has_address and not pending and (situation.once or self._settling.settled):
            return READY
        reasons = [] if addresses else ["the Service leads to no ready Pod; does its selector match any?"]
        reasons += [] if has_address else [_NO_ADDRESS]
        return Readiness(
            ready=False,
            reasons=tuple(reasons) or ("the Endpoints have yet to settle",),
            tolerable=has_address and not pending,
            again=self._settling.next_timer,
        )


class IngressRule:
    """An Ingress is ready with its address, once the Endpoints of its backends exist or are given up on."""

    def __init__(self) -> None:
        self._settling = QuietPeriod(_QUIET)

    def __call__(self, situation: Situation) -> Readiness:
        """Judge an Ingress with the Endpoints and Services of its namespace."""
        self._settling.observe(situation.related[ENDPOINTS])
        idle = self._settling.quiet_since_start
        settled = situation.once or self._settling.settled or idle >= _NO_ENDPOINTS
        missing = [] if settled else sorted(_backends(situation.live) - _reachable(situation))
        has_address = _is_balanced(situation.live)
        if has_address and not missing:
            return READY
        reasons = [f"Service {name!r}, a backend of the Ingress, has no Endpoints" for name in missing]
        reasons += [] if has_address else [_NO_INGRESS_ADDRESS]
        again = min(self._settling.next_timer, max(_NO_ENDPOINTS - idle, 0.0) if idle else float("inf"))
        return Readiness(ready=False, reasons=tuple(reasons), again=again if missing else float("inf"))


_NO_ADDRESS: Final = "the Service has no external address; does anything in the cluster provide load balancers?"
_NO_INGRESS_ADDRESS: Final = "the Ingress has no address; does an ingress controller serve its class?"


def _selects_pods(service: Object) -> bool:
    headless, external = at(service, "spec", "clusterIP") == "None", at(service, "spec", "type") == "ExternalName"
    return bool(at(service, "spec", "selector")) and not headless and not external


def _is_balanced(obj: Object) -> bool:
    return bool(items_at(obj, "status", "loadBalancer", "ingress"))


def _addresses(endpoints: list[Object], key: str) -> list[Any]:
    return [address for item in endpoints for subset in items_at(item, "subsets") for address in items_at(subset, key)]


def _backends(ingress: Object) -> set[str]:
    """The Services that the rules of an Ingress lead to."""
    paths = [path for rule in items_at(ingress, "spec", "rules") for path in items_at(rule, "http", "paths")]
    return {text_at(path, "backend", "service", "name") for path in paths} - {""}


def _reachable(situation: Situation) -> set[str]:
    """The Services that have Endpoints, or need none."""
    external = (s for s in situation.related[SERVICE] if at(s, "spec", "type") == "ExternalName")
    return {name_of(item) for item in (*situation.related[ENDPOINTS], *external)}
