"""Certificates that are asked for before the webhook can judge them, or issuers that sign with the wrong key."""

from typing import Any, Final

import pytest

from spec.values import Secret
from tests.support.registered import Registered, everything_before
from tests.support.stack_files import of_add_on, registered_with

pytestmark = pytest.mark.usefixtures("bundles")

CHECK: Final = "kubernetes:batch/v1:Job::cert-manager/startupapicheck"
WEBHOOK: Final = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration::cert-manager-webhook"
DEPLOYMENTS: Final = [
    f"kubernetes:apps/v1:Deployment::cert-manager/cert-manager{part}" for part in ("", "-webhook", "-cainjector")
]
PAIR: Final = {"certificate": "-----BEGIN CERTIFICATE-----", "key": Secret()}


def made(**options: Any) -> dict[str, Registered]:
    return of_add_on("eks-prod", "certManager", **options)


def test_issuers_wait_for_the_webhook_to_have_answered() -> None:
    registered = made(issuers=[{"name": "mine", "selfSigned": True}])
    issuer = registered["kubernetes:cert-manager.io/v1:ClusterIssuer::mine"]
    assert issuer.inputs["spec"] == {"selfSigned": {}}
    assert registered[CHECK].urn in issuer.after
    assert registered[WEBHOOK].urn in registered[CHECK].after
    assert {registered[each].urn for each in DEPLOYMENTS} <= registered[WEBHOOK].after


def test_an_authority_signs_with_its_own_pair_which_is_there_before() -> None:
    registered = made(issuers=[{"name": "company", "authority": PAIR}])
    secret = registered["kubernetes:core/v1:Secret::cert-manager/issuer.company"]
    issuer = registered["kubernetes:cert-manager.io/v1:ClusterIssuer::company"]
    assert issuer.inputs["spec"] == {"ca": {"secretName": secret.inputs["metadata"]["name"]}}
    assert secret.urn in issuer.after
    assert secret.secret("stringData")


def test_nothing_of_it_runs_alone_where_the_stack_is_redundant_and_every_container_is_bounded() -> None:
    registered = made()
    for name in DEPLOYMENTS:
        spec = registered[name].inputs["spec"]
        assert spec["replicas"] == 2
        assert all(each["resources"]["limits"]["memory"] for each in spec["template"]["spec"]["containers"])
    budgets = [each for each in registered.values() if each.type.endswith(":PodDisruptionBudget")]
    assert len(budgets) == len(DEPLOYMENTS)


ACME: Final = {"email": "ops@example.com"}
BY_HTTP: Final = {"name": "proven", "acme": ACME}
ZONE: Final = {"name": "example.com", "id": "Z0123456789ABCDEFGHIJ"}
HOST: Final = {"name": "shop.example.com", "tenants": ["shop"], "tls": {"issuer": "proven"}}


def solvers(issuer: Registered) -> list[dict[str, Any]]:
    return list(issuer.inputs["spec"]["acme"]["solvers"])


def told(registered: dict[str, Registered]) -> list[str]:
    return list(registered[DEPLOYMENTS[0]].inputs["spec"]["template"]["spec"]["containers"][0]["args"])


def test_an_authority_without_zones_is_answered_at_the_gateway_by_a_route_that_no_tenant_may_make() -> None:
    made = registered_with("eks-prod", certManager={"issuers": [BY_HTTP]}, istio={}, ingress={"hosts": [HOST]})
    (issuer,) = (each for each in made.values() if each.type.endswith(":ClusterIssuer"))
    (gateway,) = (each for each in made.values() if each.type.endswith(":Gateway"))
    (solver,) = solvers(issuer)
    parent = {"kind": "Gateway", **{key: gateway.inputs["metadata"][key] for key in ("namespace", "name")}}
    assert solver == {"http01": {"gatewayHTTPRoute": {"parentRefs": [parent], "serviceType": "ClusterIP"}}}
    (plain,) = (each for each in gateway.inputs["spec"]["listeners"] if each["protocol"] == "HTTP")
    assert plain["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    (certificate,) = (each for each in made.values() if each.type.endswith(":Certificate"))
    assert certificate.inputs["metadata"]["namespace"] == parent["namespace"], "routes of proof are made beside it"


def test_the_controller_finds_the_kind_of_those_routes_when_it_starts() -> None:
    registered = registered_with("eks-prod", certManager={"issuers": [BY_HTTP]})
    named = (each for each in registered.values() if each.name == "cert-manager/cert-manager")
    (controller,) = (each for each in named if each.type.endswith(":Deployment"))
    assert "--enable-gateway-api" in controller.inputs["spec"]["template"]["spec"]["containers"][0]["args"]
    (routes,) = (each for each in registered.values() if each.name == "httproutes.gateway.networking.k8s.io")
    assert routes.urn in everything_before(controller, registered)
    assert "--enable-gateway-api" not in told(made(issuers=[{"name": "mine", "selfSigned": True}]))


def test_each_issuer_asks_for_its_own_kind_of_proof() -> None:
    by_dns = {"name": "named", "acme": ACME | {"zones": [ZONE]}}
    registered = made(issuers=[BY_HTTP, by_dns])
    proven, named = (registered[f"kubernetes:cert-manager.io/v1:ClusterIssuer::{name}"] for name in ("proven", "named"))
    assert [set(each) for each in solvers(proven)] == [{"http01"}]
    assert [set(each) for each in solvers(named)] == [{"selector", "dns01"}]


@pytest.mark.parametrize("others", [{}, {"loadBalancing": {}}, {"istio": {}, "ingress": {"hosts": [HOST]}}])
def test_the_kinds_of_the_gateway_api_are_there_once(others: dict[str, Any]) -> None:
    registered = registered_with("eks-prod", certManager={"issuers": [BY_HTTP]}, **others)
    names = [each.name for each in registered.values() if each.type.endswith(":CustomResourceDefinition")]
    assert sorted(names) == sorted(set(names))
    assert "httproutes.gateway.networking.k8s.io" in names
