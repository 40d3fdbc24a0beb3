"""An issuer that workers are told of, or whose groups are Kubernetes' own."""

import json
from typing import Final

import pytest
import yaml

from components.clusters.kubeadm.oidc import OidcSpec
from tests.contract.test_hosts import STACK, changed
from tests.support.registered import registered

pytestmark = pytest.mark.usefixtures("bundles")
ISSUER: Final = {"issuer": "https://login.example.com", "audiences": ["kubernetes", "cli"]}
FILE: Final = "/etc/kubernetes/polykube/authentication.yaml"


def test_control_planes_alone_are_told_of_it() -> None:
    for node in registered(changed({"oidc": ISSUER}), STACK).values():
        if "seed" in node.inputs:
            seed = json.loads(node.inputs["seed"])
            assert (FILE in seed) == (node.inputs["role"] != "worker")
            if FILE in seed:
                (jwt,) = yaml.safe_load(seed[FILE][0])["jwt"]
                assert jwt["issuer"]["url"] == ISSUER["issuer"]
                assert jwt["claimMappings"]["groups"] == {"claim": "groups", "prefix": ""}


@pytest.mark.parametrize("own", ["system:masters", "kubeadm:cluster-admins"])
def test_groups_of_kubernetes_own_are_refused(own: str) -> None:
    (rule,) = OidcSpec.model_validate(ISSUER).jwt()["userValidationRules"]
    assert f'!group.startsWith("{own.partition(":")[0]}:")' in rule["expression"]
