"""Certificates that are asked for before the webhook can judge them, or issuers that sign with the wrong key."""

from typing import Any, Final

import pytest

from spec.values import Secret
from tests.support.registered import Registered
from tests.support.stack_files import of_add_on

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
