"""Parts of add-ons that are made before what they need, or that go before what needs them.

Asserted on the graph of a stack with every add-on: the engine creates in the order of these dependencies and destroys
in the reverse.
"""

from collections.abc import Iterator
from typing import Final

import pytest

from components.addons import ADDONS
from tests.support.addons import TEAM, spec_of_all
from tests.support.registered import Registered, everything_before, registered

pytestmark = pytest.mark.usefixtures("bundles")

Planned = dict[str, Registered]

# Whose objects they are: the Deployment that takes off their finalizers, and whose webhooks judge them.
OPERATORS: Final = {
    "cert-manager.io": "cert-manager",
    "gateway.networking.k8s.io": "istiod",
    "karpenter.k8s.aws": "karpenter",
    "karpenter.sh": "karpenter",
    "networking.istio.io": "istiod",
    "security.istio.io": "istiod",
    "snapshot.storage.k8s.io": "snapshot-controller",
    "telemetry.istio.io": "istiod",
    "velero.io": "velero",
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """What the program registers for a stack with every add-on."""
    return registered(spec_of_all(tmp_path_factory.mktemp("order")))


def operator(each: Registered) -> str:
    """Who works on the object; of the Gateway API, whoever has the class."""
    return "aws-load-balancer-controller" if each.name == "alb" else OPERATORS[group(each)]


def of_kind(kind: str, planned: Planned) -> list[Registered]:
    return [each for each in planned.values() if each.type.startswith("kubernetes:") and each.inputs["kind"] == kind]


def group(each: Registered) -> str:
    name, slash, _ = str(each.inputs.get("apiVersion", "")).partition("/")
    return name if slash else ""


def definitions(planned: Planned) -> dict[tuple[str, str], str]:
    """The URN of each definition, by the group and kind that it defines."""
    return {
        (each.inputs["spec"]["group"], each.inputs["spec"]["names"]["kind"]): each.urn
        for each in of_kind("CustomResourceDefinition", planned)
    }


def custom(planned: Planned) -> list[tuple[Registered, str]]:
    """Every object of a kind that the stack defines, with the URN of the definition."""
    defined = definitions(planned)
    known = ((each, defined.get((group(each), each.inputs.get("kind", "")))) for each in planned.values())
    return [(each, definition) for each, definition in known if definition]


def workload(name: str, planned: Planned) -> Registered:
    (found,) = [each for each in of_kind("Deployment", planned) if each.inputs["metadata"]["name"] == name]
    return found


def configurations(planned: Planned) -> list[Registered]:
    """What tells the API server which webhooks to ask."""
    return [*of_kind("ValidatingWebhookConfiguration", planned), *of_kind("MutatingWebhookConfiguration", planned)]


def judges(configuration: Registered, planned: Planned) -> Iterator[tuple[str, Registered]]:
    """Each Service that answers for a webhook of `configuration`, with each custom object about which it is asked."""
    for webhook in configuration.inputs["webhooks"]:
        for rule in webhook["rules"]:
            for each, definition in custom(planned):
                names = {planned[definition].inputs["spec"]["names"]["plural"], "*", "*/*"}
                if names & {*rule["resources"]} and {group(each), "*"} & {*rule["apiGroups"]}:
                    yield webhook["clientConfig"]["service"]["name"], each


def test_add_ons_say_which_kinds_are_there_with_them(planned: Planned) -> None:
    said = {(group, kind) for each in ADDONS for group, kinds in each.defines.items() for kind in kinds.split()}
    assert said == set(definitions(planned))


def test_definitions_come_before_their_objects_and_go_after_them(planned: Planned) -> None:
    assert {group(each) for each, _ in custom(planned)} == set(OPERATORS)
    early = [each.urn for each, definition in custom(planned) if definition not in everything_before(each, planned)]
    assert early == []


def test_who_works_on_objects_comes_before_them_and_outlives_them(planned: Planned) -> None:
    alone = [
        each.urn
        for each, _ in custom(planned)
        if workload(operator(each), planned).urn not in everything_before(each, planned)
    ]
    assert alone == []


def test_who_answers_for_a_webhook_is_ready_before_anything_is_asked(planned: Planned) -> None:
    asked = [pair for each in configurations(planned) for pair in judges(each, planned)]
    assert {service for service, _ in asked} == {"cert-manager-webhook", "istiod"}
    early = [each.urn for who, each in asked if workload(who, planned).urn not in everything_before(each, planned)]
    assert early == []


def test_a_webhook_is_there_when_somebody_answers_and_no_longer(planned: Planned) -> None:
    for each in configurations(planned):
        for service in {webhook["clientConfig"]["service"]["name"] for webhook in each.inputs["webhooks"]}:
            assert workload(service, planned).urn in everything_before(each, planned), each.urn


def test_tenants_pods_in_the_mesh_come_after_the_injector(planned: Planned) -> None:
    pods = [each for each in of_kind("Deployment", planned) if each.inputs["metadata"].get("namespace") == TEAM]
    assert pods
    for each in pods:
        assert workload("istiod", planned).urn in everything_before(each, planned)


def test_the_gateways_pods_come_after_the_injector_and_its_load_balancer_does_not_wait_for_it(planned: Planned) -> None:
    (service,) = [each for each in of_kind("Service", planned) if each.name == "istio-ingress/ingress"]
    istiod = workload("istiod", planned).urn
    assert istiod in everything_before(workload("ingress", planned), planned)
    assert istiod not in everything_before(service, planned)


def test_tenants_wait_for_what_keeps_them_to_their_hosts_and_not_for_the_load_balancer(planned: Planned) -> None:
    (namespace,) = [each for each in of_kind("Namespace", planned) if each.name == TEAM]
    before = {planned[urn].name for urn in everything_before(namespace, planned)}
    assert {"ingress-hosts", "httproutes.gateway.networking.k8s.io"} <= before
    assert "istio-ingress/ingress" not in before
