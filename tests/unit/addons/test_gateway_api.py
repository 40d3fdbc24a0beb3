"""Definitions of the Gateway API that are there twice, that nobody waits for, or that a stack has replaced."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.support.registered import Registered, everything_before
from tests.support.stack_files import registered_with

pytestmark = pytest.mark.usefixtures("bundles")

GROUP: Final = "gateway.networking.k8s.io"
BY_HTTP: Final = {"issuers": [{"name": "proven", "acme": {"email": "platform@example.test"}}]}


def definitions(made: Mapping[str, Registered]) -> list[Registered]:
    return [
        each
        for each in made.values()
        if each.type.endswith(":CustomResourceDefinition") and each.inputs["spec"]["group"] == GROUP
    ]


@pytest.mark.parametrize(
    ("stack", "options", "waiting"),
    [
        ("aks-dev", {"istio": {}, "ingress": {}}, "GatewayClass::ingress"),
        ("aks-dev", {"istio": {}, "ingress": {}, "certManager": BY_HTTP}, "Deployment::cert-manager/cert-manager"),
        ("eks-dev", {"loadBalancing": {}}, "Deployment::load-balancing/aws-load-balancer-controller"),
    ],
)
def test_they_are_there_once_before_whoever_depends_on_them(stack: str, options: dict[str, Any], waiting: str) -> None:
    made = registered_with(stack, **options)
    urns = {each.urn for each in definitions(made)}
    assert len(urns) == 5
    (first,) = [each for each in made.values() if f"{each.type.rpartition(':')[2]}::{each.name}" == waiting]
    assert urns <= everything_before(first, made)


def test_stacks_keep_those_that_other_add_ons_had() -> None:
    for each in definitions(registered_with("aks-dev", istio={}, ingress={})):
        former = {parent.rpartition("$")[2].rpartition("::")[2] for parent in each.former_parents}
        assert former == {"cert-manager", "load-balancing", "ingress"}
        assert all(parent.count("polykube:addons:") == 1 for parent in each.former_parents)


def test_a_cluster_that_has_them_built_in_keeps_its_own() -> None:
    assert definitions(registered_with("gke-dev", istio={}, ingress={})) == []
