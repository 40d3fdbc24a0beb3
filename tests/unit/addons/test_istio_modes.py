"""A mesh of several clusters, a canary or ambient mode that tenants do not get, or that leaves something behind."""

from typing import Any

import pytest

from common.paths import CHECKOUT
from stacks.config import StackSpec
from tests.support.registered import Registered, registered

pytestmark = pytest.mark.usefixtures("bundles")

KUBECONFIG = CHECKOUT / "tests" / "unit" / "stacks" / "cases" / "files" / "kubeconfig"
COMPUTE = {"cpu": "2", "memory": "1Gi"}
CONTAINER = {"cpu": "100m", "memory": "5Mi"}
INTERNAL = {"example.com/internal": "yes"}
RULE = {"name": "web-to-db", "from": {"pods": {"app": "web"}}, "to": {"pods": {"app": "db"}}, "ports": [{"port": 6379}]}
MESH = {"id": "shop", "network": "one", "addresses": ["10.40.0.0/16"]}


def made(**istio: Any) -> dict[str, Registered]:
    """What is made of a mesh with `shop` and `lab` in it, by type and name."""
    limits = {"default": CONTAINER, "defaultRequest": CONTAINER}
    quota = {"pods": 2, "requests": COMPUTE, "limits": COMPUTE}
    brings = {"loadBalancers": {"internal": INTERNAL}, "networkPlugins": "/opt/cni/bin", "gatewayApi": True}
    spec = {
        "stage": "dev",
        "cluster": {
            "kind": "existing",
            "name": "theirs",
            "version": "1.36",
            "kubeconfig": {"path": str(KUBECONFIG)},
            "brings": brings,
        },
        "tenants": [
            {"name": name, "group": name, "quota": quota, "limitRange": limits, "network": {"allow": [RULE]}}
            for name in ("shop", "lab")
        ],
        "addons": {"istio": {"tenants": ["shop", "lab"], **istio}, "ingress": {}},
    }
    found = registered(StackSpec.model_validate({f"polykube:{key}": value for key, value in spec.items()}))
    return {f"{each.type.rpartition(':')[2]} {each.name}": each for each in found.values()}


def labels(made: dict[str, Registered], namespace: str) -> dict[str, str]:
    found: dict[str, str] = made[f"Namespace {namespace}"].inputs["metadata"]["labels"]
    return found


def test_a_tenant_is_labelled_for_one_istiod_and_never_for_two() -> None:
    for istio, expected in (
        ({"canary": {"tenants": ["lab"]}}, {"istio.io/rev": "canary"}),
        ({"mode": "ambient"}, {"istio.io/dataplane-mode": "ambient"}),
        ({"canary": {}}, {"istio-injection": "enabled"}),
    ):
        its = labels(made(**istio), "lab")
        assert {key: value for key, value in its.items() if "istio" in key} == expected


@pytest.mark.parametrize(("mode", "expected"), [("sidecar", [6379]), ("ambient", [6379, 15008])])
def test_what_a_rule_lets_through_may_come_by_the_tunnel_where_there_is_one(mode: str, expected: list[int]) -> None:
    found = made(mode=mode)
    for side in ("egress", "ingress"):
        (rule,) = found[f"NetworkPolicy shop/web-to-db-{side}"].inputs["spec"][side]
        assert [port["port"] for port in rule["ports"]] == expected


def test_a_canary_has_an_istiod_and_webhooks_of_its_own_and_shares_the_plugin() -> None:
    with_canary = made(canary={})
    more = with_canary.keys() - made().keys()
    assert {
        "Deployment istio-system/istiod-canary",
        "MutatingWebhookConfiguration istio-sidecar-injector-canary",
    } <= more
    assert all("canary" in name for name in more)


def test_a_cluster_of_a_mesh_is_reached_through_a_load_balancer_that_goes_by_itself() -> None:
    mesh = made(mesh=MESH)
    balancer = mesh["Service istio-system/east-west"]
    assert balancer.inputs["metadata"]["annotations"].items() >= INTERNAL.items()
    assert not balancer.deleted_with
    assert labels(mesh, "istio-system")["topology.istio.io/network"] == "one"
    peers = [
        peer["ipBlock"]["cidr"]
        for name, each in mesh.items()
        if name.startswith("NetworkPolicy istio-system/istio.east-west.clients")
        for rule in each.inputs["spec"]["ingress"]
        for peer in rule["from"]
    ]
    assert peers == MESH["addresses"]


def test_the_authority_is_there_before_istiod_which_would_make_one_of_its_own() -> None:
    mesh = made(mesh=MESH)
    assert mesh["Secret istio-system/cacerts"].urn in mesh["Deployment istio-system/istiod"].after
    assert mesh["Secret istio-system/cacerts"].secret("stringData")
