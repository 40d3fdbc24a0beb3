"""Records that are changed in the wrong zone, by somebody who may do more than that, or that outlive what they name."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.support.registered import Registered
from tests.support.stack_files import registered_with

pytestmark = pytest.mark.usefixtures("bundles")

_GROUP: Final = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/dns"
IDS: Final = {
    "eks-prod": "Z0123456789ABCDEFGHIJ",
    "gke-prod": "example-test",
    "aks-prod": f"{_GROUP}/providers/Microsoft.Network/dnszones/example.test",
}
TELLS: Final = {
    "eks-prod": ["--provider=aws"],
    "gke-prod": ["--provider=google", "--google-project=example-prod"],
    "aks-prod": ["--provider=azure", "--azure-config-file=/etc/external-dns/azure.json"],
}
_AZURE_DNS: Final = {
    "subscriptionID": "00000000-0000-0000-0000-000000000001",
    "resourceGroupName": "dns",
    "hostedZoneName": "example.test",
    "environment": "AzurePublicCloud",
}
SOLVERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "aks-prod": {"azureDNS": _AZURE_DNS},
    "eks-prod": {"route53": {"region": "eu-central-1", "hostedZoneID": IDS["eks-prod"]}},
    "gke-prod": {"cloudDNS": {"project": "example-prod", "hostedZoneName": IDS["gke-prod"]}},
}


def zones(stack: str) -> list[dict[str, str]]:
    return [{"name": "example.test", "id": IDS[stack]}]


def named(made: Mapping[str, Registered], kind: str, name: str) -> Registered:
    (found,) = (each for each in made.values() if each.type == kind and each.name == name)
    return found


def deployment(made: Mapping[str, Registered], name: str) -> Mapping[str, Any]:
    pod: Mapping[str, Any] = named(made, "kubernetes:apps/v1:Deployment", name).inputs["spec"]["template"]
    return pod


@pytest.mark.parametrize("stack", IDS)
def test_external_dns_is_told_of_the_clouds_zones_and_of_what_is_its_own(stack: str) -> None:
    made = registered_with(stack, externalDns={"zones": zones(stack)})
    arguments = deployment(made, "external-dns/external-dns")["spec"]["containers"][0]["args"]
    assert arguments[: len(TELLS[stack])] == TELLS[stack]
    assert {f"--zone-id-filter={IDS[stack]}", "--policy=sync", f"--txt-owner-id={stack}"} <= set(arguments)


def test_on_aws_it_may_change_the_records_of_its_zones_only() -> None:
    made = registered_with("eks-prod", externalDns={"zones": zones("eks-prod")})
    policy = named(made, "aws:iam/policy:Policy", "eks-prod-external-dns-dns")
    change, *_ = json.loads(policy.inputs["policy"])["Statement"]
    assert change["Resource"] == [f"arn:aws:route53:::hostedzone/{IDS['eks-prod']}"]
    association = named(
        made, "aws:eks/podIdentityAssociation:PodIdentityAssociation", "eks-prod-external-dns-external-dns"
    )
    assert association.inputs["serviceAccount"] == "external-dns"
    assert association.once_created, "pods that come before the association counts never get any credentials"


def test_on_azure_its_pods_have_an_identity_with_rights_on_its_zones_and_know_where_they_are() -> None:
    made = registered_with("aks-prod", externalDns={"zones": zones("aks-prod")})
    assert deployment(made, "external-dns/external-dns")["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    roles = [each for each in made.values() if each.type == "azure-native:authorization:RoleAssignment"]
    assert {IDS["aks-prod"], _GROUP} == {
        each.inputs["scope"] for each in roles if each.name.startswith("aks-prod-external-dns")
    }
    config = named(made, "kubernetes:core/v1:ConfigMap", "external-dns/external-dns").inputs["data"]["azure.json"]
    told = json.loads(config)
    assert (told["subscriptionId"], told["resourceGroup"]) == ("00000000-0000-0000-0000-000000000001", "dns")
    for role in roles:
        subscription = role.inputs["scope"].partition("/resourceGroups/")[0]
        assert role.name[:21] != "aks-prod-external-dns" or role.inputs["roleDefinitionId"].startswith(subscription)


def test_on_azure_a_zone_more_and_another_order_change_no_right_on_the_others() -> None:
    first, second = (f"{_GROUP}/providers/Microsoft.Network/dnszones/{name}.test" for name in ("a", "b"))

    def assigned(*ids: str) -> list[Registered]:
        named = [{"name": each.rpartition("/")[2], "id": each} for each in ids]
        made = registered_with("aks-prod", externalDns={"zones": named})
        roles = (each for each in made.values() if each.type == "azure-native:authorization:RoleAssignment")
        return [each for each in roles if each.name.startswith("aks-prod-external-dns")]

    def rights(*ids: str) -> Mapping[str, str]:
        return {each.name: each.inputs["scope"] for each in assigned(*ids)}

    assert rights(first).items() < rights(second, first).items()
    assert rights(second, first) == rights(first, second)
    by_number = [(f"aks-prod-external-dns-external-dns-{number}",) for number in range(2)]
    assert sorted(each.formerly for each in assigned(first)) == by_number, "a second assignment of the same is refused"


@pytest.mark.parametrize("stack", SOLVERS)
def test_an_acme_issuer_proves_names_in_the_clouds_zones(stack: str) -> None:
    acme = {"email": "platform@example.com", "zones": zones(stack)}
    made = registered_with(stack, certManager={"issuers": [{"name": "public", "acme": acme}]})
    (solver,) = named(made, "kubernetes:cert-manager.io/v1:ClusterIssuer", "public").inputs["spec"]["acme"]["solvers"]
    assert solver == {"selector": {"dnsZones": ["example.test"]}, "dns01": SOLVERS[stack]}
    arguments = deployment(made, "cert-manager/cert-manager")["spec"]["containers"][0]["args"]
    assert "--dns01-recursive-nameservers-only" in arguments


def test_on_google_cloud_cert_managers_account_is_one_of_the_cloud() -> None:
    acme = {"email": "platform@example.com", "zones": zones("gke-prod")}
    made = registered_with("gke-prod", certManager={"issuers": [{"name": "public", "acme": acme}]})
    name = "gke-prod-cert-manager-cert-manager"
    assert named(made, "gcp:projects/iAMMember:IAMMember", f"{name}-0").inputs["role"] == "roles/dns.admin"
    trusted = named(made, "gcp:serviceaccount/iAMMember:IAMMember", name).inputs["member"]
    assert trusted.endswith("[cert-manager/cert-manager]")


def test_the_load_balancer_asks_for_its_hosts_names_and_goes_before_who_keeps_them() -> None:
    hosts = [{"name": f"{name}.example.test", "tenants": ["shop"]} for name in ("shop", "www")]
    dns = {"externalDns": {"zones": zones("eks-prod")}}
    made = registered_with("eks-prod", istio={}, ingress={"hosts": hosts}, **dns)
    service = named(made, "kubernetes:core/v1:Service", "istio-ingress/ingress")
    asked = service.inputs["metadata"]["annotations"]["external-dns.alpha.kubernetes.io/hostname"]
    assert asked == "shop.example.test,www.example.test"
    keeper = named(made, "kubernetes:apps/v1:Deployment", "external-dns/external-dns")
    namespace = named(made, "kubernetes:core/v1:Namespace", "istio-ingress")
    assert keeper.urn in namespace.after


def test_a_hosts_certificate_is_asked_of_its_issuer_into_the_secret_that_the_gateway_reads() -> None:
    tls = {"tls": {"issuer": "mine"}}
    hosts = [{"name": "shop.example.test", "tenants": ["shop"], **tls}]
    issuers = [{"name": "mine", "selfSigned": True}]
    made = registered_with("eks-prod", istio={}, certManager={"issuers": issuers}, ingress={"hosts": hosts})
    spec = named(made, "kubernetes:cert-manager.io/v1:Certificate", "istio-ingress/tls.shop.example.test").inputs[
        "spec"
    ]
    assert (spec["issuerRef"]["name"], spec["dnsNames"]) == ("mine", ["shop.example.test"])
    gateway = named(made, "kubernetes:gateway.networking.k8s.io/v1:Gateway", "istio-ingress/ingress")
    https = gateway.inputs["spec"]["listeners"][1]
    assert https["tls"]["certificateRefs"] == [{"name": spec["secretName"]}]
