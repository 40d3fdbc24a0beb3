"""Ingress by a cloud's own gateways: pods that its load balancers cannot reach, or that others reach as well."""

from typing import Any

import pytest

from common.paths import CHECKOUT
from components.contract import CapabilityMissing
from spec.values import Secret
from stacks.config import StackSpec
from tests.support.registered import Registered, registered
from tests.support.stack_files import load_stack

pytestmark = pytest.mark.usefixtures("bundles")

HOST = {"name": "shop.example.com", "tenants": ["shop"], "ports": [8080, 9090]}
KUBECONFIG = CHECKOUT / "tests" / "unit" / "stacks" / "cases" / "files" / "kubeconfig"
FRONT_ENDS = ["130.211.0.0/22", "35.191.0.0/16"]


def with_ingress(stack: str, **options: Any) -> StackSpec:
    spec = load_stack(stack)
    addons = type(spec.addons).model_validate({"ingress": {"hosts": [HOST], **options}})
    return spec.model_copy(update={"addons": addons})


def of_kind(made: dict[str, Registered], kind: str) -> list[Registered]:
    return [each for each in made.values() if each.type.rpartition(":")[2] == kind]


def opened(made: dict[str, Registered]) -> dict[str, list[int]]:
    """The address ranges from which the tenant's pods are reached, with the ports."""
    policies = [each.inputs for each in of_kind(made, "NetworkPolicy") if "ingress.shop" in each.name]
    rules = [rule for policy in policies for rule in policy["spec"]["ingress"]]
    return {
        peer["ipBlock"]["cidr"]: [port["port"] for port in rule["ports"]] for rule in rules for peer in rule["from"]
    }


def test_googles_gateway_is_all_that_is_made_and_only_its_front_ends_reach_the_pods() -> None:
    made = registered(with_ingress("gke-autopilot", **{"class": "cloud"}))
    (gateway,) = of_kind(made, "Gateway")
    assert gateway.inputs["spec"]["gatewayClassName"] == "gke-l7-global-external-managed"
    assert "addresses" not in gateway.inputs["spec"]
    assert not gateway.deleted_with, "its load balancer would be left behind"
    assert opened(made) == {each: [8080, 9090] for each in FRONT_ENDS}
    for kind in ("CustomResourceDefinition", "GatewayClass", "Deployment", "Service"):
        assert [each for each in of_kind(made, kind) if "addons:" in each.urn] == []


def test_an_internal_one_of_googles_comes_after_the_subnet_that_it_reaches_pods_from() -> None:
    spec = with_ingress("gke-autopilot", internal=True, **{"class": "cloud"})
    made = registered(spec)
    (gateway,) = of_kind(made, "Gateway")
    assert gateway.inputs["spec"]["gatewayClassName"] == "gke-l7-rilb"
    (subnet,) = [each for each in of_kind(made, "Subnetwork") if each.inputs.get("purpose")]
    assert subnet.inputs["purpose"] == "REGIONAL_MANAGED_PROXY"
    assert subnet.urn in gateway.after
    assert set(opened(made)) == {*FRONT_ENDS, subnet.inputs["ipCidrRange"]}


def test_a_cloud_without_gateways_of_its_own_says_so_even_if_nobody_asked_before() -> None:
    with pytest.raises(CapabilityMissing):
        registered(with_ingress("aks-dev", **{"class": "cloud"}))


def on_theirs(brings: dict[str, Any], **addons: Any) -> dict[str, Registered]:
    """What is made in a cluster that runs already, for a tenant `shop`."""
    compute = {"cpu": "2", "memory": "1Gi"}
    container = {"cpu": "100m", "memory": "5Mi"}
    tenant = {"name": "shop", "group": "shop", "quota": {"pods": 2, "requests": compute, "limits": compute}}
    return registered(
        StackSpec.model_validate(
            {
                "polykube:stage": "dev",
                "polykube:cluster": {
                    "kind": "existing",
                    "name": "theirs",
                    "version": "1.36",
                    "kubeconfig": {"path": str(KUBECONFIG)},
                    "brings": {"networkPlugins": "/plugins", "gatewayApi": True, **brings},
                },
                "polykube:tenants": [{**tenant, "limitRange": {"default": container, "defaultRequest": container}}],
                "polykube:addons": addons,
            }
        )
    )


def test_a_cluster_that_runs_already_gets_what_it_is_not_said_to_bring() -> None:
    annotation = {"example.com/internal": "yes"}
    made = on_theirs({"loadBalancers": {"internal": annotation}}, istio={}, ingress={"internal": True})
    (balancer,) = [each for each in of_kind(made, "Service") if each.inputs["spec"].get("type") == "LoadBalancer"]
    assert balancer.inputs["metadata"]["annotations"].items() >= annotation.items()
    names = {each.inputs["metadata"]["name"] for each in of_kind(made, "CustomResourceDefinition")}
    assert not any("gateway.networking.k8s.io" in name for name in names)
    (plugin,) = of_kind(made, "DaemonSet")
    volumes = plugin.inputs["spec"]["template"]["spec"]["volumes"]
    assert {"path": "/plugins"} in [each.get("hostPath") for each in volumes]


@pytest.mark.parametrize("classic", [False, True])
def test_classic_ingress_is_for_those_who_ask_and_its_class_is_never_the_default(classic: bool) -> None:
    tls = {"certificate": "-----BEGIN CERTIFICATE-----", "key": Secret()}
    hosts = [{**HOST, "classic": classic, "tls": tls}, {"name": "new.example.com", "tenants": ["shop"]}]
    whole = on_theirs({"loadBalancers": {}}, istio={}, ingress={"hosts": hosts})
    made = {urn: each for urn, each in whole.items() if "polykube:platform:Shared$" not in urn}  # policies of its own
    for kind in ("IngressClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        assert len(of_kind(made, kind)) == classic
    for each in of_kind(made, "IngressClass"):
        assert "annotations" not in each.inputs["metadata"]
        (binding,) = of_kind(made, "ValidatingAdmissionPolicyBinding")
        assert binding.urn in each.after, "it could be used for others' hosts"
    gateways = {each.type.split(":")[1]: each.inputs["spec"] for each in of_kind(made, "Gateway")}
    listeners = {each["hostname"] for each in gateways["gateway.networking.k8s.io/v1"]["listeners"]}
    assert listeners == ({"new.example.com"} if classic else {"new.example.com", "shop.example.com"})
    redirecting = gateways.get("networking.istio.io/v1", {"servers": []})["servers"]
    assert [(each["hosts"], each["tls"]) for each in redirecting] == (
        [(["shop.example.com"], {"httpsRedirect": True})] if classic else []
    )
    (mesh,) = [each for each in of_kind(made, "ConfigMap") if each.inputs["metadata"]["name"] == "istio"]
    assert ("ingressSelector: ingress" in mesh.inputs["data"]["mesh"]) == classic
