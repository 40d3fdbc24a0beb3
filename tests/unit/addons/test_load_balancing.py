"""A controller that outlives its load balancers' end, makes more than was asked for, or may touch those of others."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from components.clusters.eks.load_balancers import controller_policy
from spec.values import Secret
from tests.support.registered import Registered, registered
from tests.support.stack_files import load_stack

pytestmark = pytest.mark.usefixtures("bundles")

OWN, ABOVE = ("-----BEGIN CERTIFICATE-----\nown", "-----BEGIN CERTIFICATE-----\nauthority")
TLS = {"certificate": f"{OWN}\n{ABOVE}", "key": Secret("hunter2hunter2")}
HOSTS = [
    {"name": "plain.example.com", "tenants": ["shop"], "ports": [8080, 9090]},
    {"name": "shop.example.com", "tenants": ["shop"], "tls": TLS},
    {"name": "lab.example.com", "tenants": ["shop"], "tls": TLS},
]
OWNED = {"aws:ResourceTag/elbv2.k8s.aws/cluster": "shop"}


def made(*, internal: bool = False) -> dict[str, Registered]:
    """What is made of an ingress by AWS's load balancers, by kind and name."""
    spec = load_stack("eks-dev")
    ingress = {"class": "cloud", "internal": internal, "hosts": HOSTS}
    addons = type(spec.addons).model_validate({"loadBalancing": {}, "ingress": ingress})
    found = registered(spec.model_copy(update={"addons": addons}))
    return {f"{each.type.rpartition(':')[2]} {each.name.rpartition('/')[2]}": each for each in found.values()}


@pytest.fixture(scope="module")
def outside() -> Mapping[str, Registered]:
    return made()


def test_gateways_go_before_the_controller_and_it_comes_when_it_finds_what_it_looks_for(
    outside: Mapping[str, Registered],
) -> None:
    gateway, parameters = outside["Gateway ingress"], outside["LoadBalancerConfiguration ingress"]
    ours, controller = outside["GatewayClass alb"], outside["Deployment aws-load-balancer-controller"]
    namespace = outside["Namespace istio-ingress"]
    assert {parameters.urn, namespace.urn} <= gateway.after
    assert {ours.urn, controller.urn} <= namespace.after
    assert controller.urn in ours.after
    kinds = {each.urn for name, each in outside.items() if name.startswith("CustomResourceDefinition")}
    rights = [each for name, each in outside.items() if name.startswith("PodIdentityAssociation")]
    assert kinds | {each.urn for each in rights if "load-balancing" in each.name} <= controller.after
    assert any("httproutes" in urn for urn in kinds)
    assert not gateway.deleted_with + parameters.deleted_with, "their load balancer would be left behind"


def test_certificates_go_to_acm_and_no_key_into_the_cluster(outside: Mapping[str, Registered]) -> None:
    gateway = outside["Gateway ingress"].inputs["spec"]
    parameters = {"group": "gateway.k8s.aws", "kind": "LoadBalancerConfiguration", "name": "ingress"}
    assert gateway["infrastructure"] == {"parametersRef": parameters}
    assert outside["LoadBalancerConfiguration ingress"].inputs["spec"] == {
        "scheme": "internet-facing",
        "listenerConfigurations": [
            {
                "protocolPort": "HTTPS:443",
                "defaultCertificate": "arn:aws:::shop.example.com",
                "certificates": ["arn:aws:::lab.example.com"],
            }
        ],
    }
    certificate = outside["Certificate shop.example.com"]
    assert certificate.inputs["certificateBody"].strip() == OWN
    assert certificate.inputs["certificateChain"].strip() == ABOVE
    assert certificate.secret("privateKey")
    assert [name for name in outside if name.startswith("Secret tls.")] == []


@pytest.mark.parametrize("internal", [False, True])
def test_pods_are_reached_from_the_subnets_of_the_load_balancer_only(internal: bool) -> None:
    found = made(internal=internal)
    policies = [each.inputs["spec"] for name, each in found.items() if "NetworkPolicy ingress.shop" in name]
    opened = {
        (peer["ipBlock"]["cidr"], *(port["port"] for port in rule["ports"]))
        for policy in policies
        for rule in policy["ingress"]
        for peer in rule["from"]
    }
    side = "private" if internal else "public"
    subnets = [each.inputs["cidrBlock"] for name, each in found.items() if name.startswith("Subnet") and side in name]
    assert opened == {(subnet, 8080, 9090) for subnet in subnets}
    scheme = found["LoadBalancerConfiguration ingress"].inputs["spec"]["scheme"]
    assert scheme == ("internal" if internal else "internet-facing")


def test_it_makes_no_load_balancers_of_what_tenants_write(outside: Mapping[str, Registered]) -> None:
    rules = outside["ClusterRole load-balancing-aws-load-balancer-controller"].inputs["rules"]
    verbs = {resource: set(rule["verbs"]) for rule in rules for resource in rule["resources"]}
    assert verbs["ingresses"] == verbs["services"] == {"get", "list", "watch"}
    assert "secrets" not in verbs
    assert outside["RandomId load-balancing"].inputs["byteLength"] == 16, "a class of Ingress that can be guessed"
    (container,) = outside["Deployment aws-load-balancer-controller"].inputs["spec"]["template"]["spec"]["containers"]
    (gates,) = (each for each in container["args"] if each.startswith("--feature-gates="))
    assert {"EnableServiceController=false", "NLBGatewayAPI=false"} <= set(gates.partition("=")[2].split(","))
    assert {"--default-target-type=ip", "--aws-vpc-id=eks-dev-id"} <= set(container["args"])
    assert any(each.startswith("--ingress-class=") for each in container["args"]), "alb"


def test_it_changes_load_balancers_and_groups_of_its_own_cluster_only() -> None:
    network = "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1"
    conditions: dict[str, list[Any]] = {}
    for each in json.loads(controller_policy("shop", "eu-central-1", network))["Statement"]:
        for action in each["Action"]:
            conditions.setdefault(action, []).append(each.get("Condition", {}).get("StringEquals", each["Resource"]))
    reading = (":Describe", ":Get", "SetRulePriorities")  # the last: AWS asks for it without tags
    changing = [action for action in conditions if not any(each in action for each in reading)]
    for action in changing:
        for condition in conditions[action]:
            assert condition == network or any(str(value) in str(condition) for value in ("shop", "AWSServiceName"))
    assert conditions["elasticloadbalancing:DeleteLoadBalancer"] == [OWNED]
    assert conditions["ec2:DeleteSecurityGroup"] == [OWNED]
    nodes = {"aws:ResourceTag/kubernetes.io/cluster/shop": "owned"}
    assert conditions["ec2:AuthorizeSecurityGroupIngress"] == [OWNED, nodes]
