"""Services that the API server calls, for webhooks and aggregated APIs: whether anything answers there.

The API server itself is asked to call them (its proxy, core/v1 `services/proxy`), on the way that a call of a webhook
takes. Any answer will do, for none knows such a path; only the API server's own refusal says that nobody answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from automation.health.api import RequestRefused
from automation.health.cluster import Expected, LiveCluster, Looked
from automation.health.findings import Area, Severity, Symptom
from automation.health.objects import ApiService, EndpointSlice, ServiceReference, WebhookConfiguration
from automation.show import number_of
from components.addons.health import Answers

_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
_KINDS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_ASKED: Final = 40  # Services
_QUICK: Final = 5.0  # seconds; the API server gives a webhook ten
_NOBODY: Final = (502, 503, 504)


@dataclass(frozen=True)
class _Called:
    """A Service that is called by `callers`; what cannot be asked is refused if one of them `insists`."""

    at: ServiceReference
    callers: list[str]
    insists: bool


def look(cluster: LiveCluster, expected: Expected) -> Looked:
    """A finding for each Service that does not answer, and for each aggregated API that is not available."""
    called = _called(cluster)
    for add_on, check in expected.of(Answers):
        key = check.namespace, check.service
        if key not in called:
            called[key] = _Called(ServiceReference(*key), [f"the add-on {add_on}"], insists=True)
    found = [finding for each in list(called.values())[:_ASKED] for finding in _silent(each, cluster)]
    apis = list(cluster.api.list("/apis/apiregistration.k8s.io/v1/apiservices", ApiService))
    found += [finding for each in apis for finding in _unavailable(each)]
    aggregated = sum(each.spec.service is not None for each in apis)
    return Looked(found, f"{number_of(len(called), 'service')} called, {number_of(aggregated, 'aggregated API')}")


def _called(cluster: LiveCluster) -> dict[tuple[str, str], _Called]:
    """The Services that webhooks name."""
    found: dict[tuple[str, str], _Called] = {}
    for kind in _KINDS:
        for configuration in cluster.api.list(f"{_ADMISSION}/{kind.lower()}s", WebhookConfiguration):
            caller = f"{kind}/{configuration.metadata.name}"
            for webhook in configuration.webhooks:
                if at := webhook.client_config.service:
                    before = found.get((at.namespace, at.name), _Called(at, [], insists=False))
                    insists = before.insists or webhook.failure_policy == "Fail"
                    callers = list(dict.fromkeys([*before.callers, caller]))
                    found[at.namespace, at.name] = _Called(at, callers, insists)
    return found


def _silent(called: _Called, cluster: LiveCluster) -> Iterator[Symptom]:
    if why := _why_silent(called.at, cluster):
        level = Severity.FAILED if called.insists else Severity.WARNING
        then = "what it is asked about is refused" if called.insists else "what it is asked about goes past it"
        subject = f"{called.at.namespace}/Service/{called.at.name}"
        message = f"{why}: {' and '.join(called.callers)} cannot be asked, and {then}"
        command = f"kubectl --namespace {called.at.namespace} get endpointslices,pods"
        yield Symptom(level, Area.WEBHOOKS, subject, message, command)


def _why_silent(at: ServiceReference, cluster: LiveCluster) -> str:
    """Why nothing answers; nothing if something does."""
    service = f"/api/v1/namespaces/{at.namespace}/services/"
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{at.namespace}/endpointslices"
    label = f"kubernetes.io/service-name={at.name}"
    endpoints = [
        each for one in cluster.api.list(slices, EndpointSlice, labelSelector=label) for each in one.endpoints or ()
    ]
    if not any(each.conditions.ready is not False for each in endpoints):
        return "it has no ready endpoint"
    if cluster.is_simulated:
        return ""
    try:
        cluster.api.read(f"{service}https:{at.name}:{at.port}/proxy/", seconds=_QUICK)
    except RequestRefused as refused:
        return f"the API server gets no answer ({refused})" if refused.status in _NOBODY else ""
    return ""


def _unavailable(api: ApiService) -> Iterator[Symptom]:
    for each in api.status.conditions:
        if each.type == "Available" and each.status != "True":
            name = api.metadata.name
            yield Symptom(
                Severity.FAILED,
                Area.WEBHOOKS,
                f"APIService/{name}",
                f"not available: {each.reason}, {each.message}",
                f"kubectl describe apiservice {name}",
            )
