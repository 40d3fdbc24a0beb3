"""An API that the API server cannot trust, or that is announced before, or for longer than, anybody answers for it."""

import base64
from typing import Final

from tests.support.stack_files import of_add_on, registered_with

API: Final = "kubernetes:apiregistration.k8s.io/v1:APIService::v1beta1.metrics.k8s.io"
DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment::metrics-server/metrics-server"


def test_the_api_comes_after_who_answers_for_it_with_the_authority_of_their_certificate() -> None:
    made = of_add_on("eks-prod", "metricsServer")
    api = made[API]
    assert made[DEPLOYMENT].urn in api.after
    assert base64.b64decode(api.inputs["spec"]["caBundle"]).startswith(b"-----BEGIN CERTIFICATE-----")
    assert "insecureSkipTLSVerify" not in api.inputs["spec"]
    names = made["tls:index/certRequest:CertRequest::metrics-server"].inputs["dnsNames"]
    assert f"{api.inputs['spec']['service']['name']}.{api.inputs['spec']['service']['namespace']}.svc" in names


def test_the_api_goes_before_any_namespace_does_which_it_could_keep_from_being_deleted() -> None:
    made = registered_with("eks-prod", metricsServer={}, tracing={})
    (api,) = (each for each in made.values() if f"{each.type}::{each.name}" == API)
    assert not api.deleted_with
    namespaces = [each for each in made.values() if each.type == "kubernetes:core/v1:Namespace"]
    assert len(namespaces) > 3
    assert {each.urn for each in namespaces if each.name != "metrics-server"} <= api.after


def test_its_key_is_a_secret() -> None:
    made = of_add_on("eks-prod", "metricsServer")
    assert made["kubernetes:core/v1:Secret::metrics-server/metrics-server"].secret("stringData")
