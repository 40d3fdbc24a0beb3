"""cert-manager as upstream renders it, the check that its webhook answers, and then the issuers."""

from dataclasses import replace
from typing import Final

import pulumi
import pulumi_kubernetes.core.v1 as core
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.addon import InstallContext
from components.addons.bundles import load
from components.addons.cert_manager.spec import VERSION, AcmeSpec, CertManagerSpec, IssuerSpec
from components.addons.dns import solver
from components.addons.gateway_api.spec import GatewayApiSpec
from components.addons.ingress.spec import GATEWAY
from components.addons.ingress.spec import NAMESPACE as GATEWAYS
from components.addons.rendered import Manifest, configure_deployment, make_disruption_budget, register
from components.addons.secrets import make_key_pair_secret
from components.addons.workloads import Container, PodTemplate, make_job, make_service_account
from components.contract import Identity
from components.facilities import PROVER, Dns
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_CONTROLLER: Final = "cert-manager"
_CHECK: Final = "startupapicheck"
_USER: Final = 65532  # of the images without a shell

# Thousandths of a CPU and MiB: controller and injector keep the cluster's Secrets of certificates in memory.
_SIZES: Final = {
    "cert-manager-controller": (20, 256),
    "cert-manager-cainjector": (20, 256),
    "cert-manager-webhook": (10, 64),
}


def create_resources(spec: CertManagerSpec, context: InstallContext, place: Place) -> None:
    """cert-manager, then its issuers, which come when the webhook has answered, and go before what serves them."""
    objects = load("cert-manager")
    dns = context.cluster.facility(Dns) if spec.zones else None
    if dns:
        grants = dns.grants_for(PROVER, spec.zones)
        identity = context.cluster.identity_for(f"{place.namespace}/{_CONTROLLER}", grants)
        _let_change_dns(objects, identity)
        place = place.depends_on(*identity.after)
    if spec.by_http:  # it would not start before the definitions are there
        place = place.depends_on(*context.components([GatewayApiSpec]))
        _tell(objects, "--enable-gateway-api")
    workloads = [
        configure_deployment(each, context.replicas, _SIZES) for each in objects if each["kind"] == "Deployment"
    ]
    running = place.depends_on(*register(objects, place))
    if context.replicas > 1:
        for each in workloads:
            make_disruption_budget(each, place)
    answering = running.depends_on(_make_check(running))
    for issuer in spec.issuers:
        _make_issuer(issuer, dns, answering)


def _let_change_dns(objects: list[Manifest], identity: Identity) -> None:
    """Give the controller its identity in the cloud, and let it look for proofs in the DNS that it reaches."""
    (account,) = (each for each in objects if _is_controllers(each, "ServiceAccount"))
    account["metadata"].setdefault("annotations", {}).update(identity.annotations)
    _tell(objects, "--dns01-recursive-nameservers-only")["metadata"]["labels"].update(identity.labels)


def _tell(objects: list[Manifest], argument: str) -> Manifest:
    """Add an argument to the controller's; its pods' template comes back."""
    (deployment,) = (each for each in objects if _is_controllers(each, "Deployment"))
    template: Manifest = deployment["spec"]["template"]
    template["spec"]["containers"][0]["args"].append(argument)
    return template


def _is_controllers(manifest: Manifest, kind: str) -> bool:
    return bool(manifest["kind"] == kind and manifest["metadata"]["name"] == _CONTROLLER)


def _make_check(place: Place) -> pulumi.Resource:
    """Upstream's own check: its webhook is ready a moment before it has the certificate that the API server expects."""
    container = Container(
        name=_CHECK,
        image=f"quay.io/jetstack/cert-manager-{_CHECK}:v{VERSION}",
        cpu=10,
        memory=64,
        args=("check", "api", "--wait=1m"),
        environment=[_own_namespace()],
    )
    trying = PolicyRuleArgs(api_groups=["cert-manager.io"], resources=["certificaterequests"], verbs=["create"])
    pods = PodTemplate(name=_CHECK, containers=[container], user=_USER, service_account=_CHECK, restart="OnFailure")
    return make_job(pods, make_service_account(_CHECK, (), place, here=[trying]), VERSION.replace(".", "-"))


def _own_namespace() -> core.EnvVarArgs:
    source = core.EnvVarSourceArgs(field_ref=core.ObjectFieldSelectorArgs(field_path="metadata.namespace"))
    return core.EnvVarArgs(name="POD_NAMESPACE", value_from=source)


def _make_issuer(issuer: IssuerSpec, dns: Dns | None, place: Place) -> None:
    before = [make_key_pair_secret(_secret(issuer), issuer.authority, place)] if issuer.authority else []
    ManifestObject(cluster_issuer(issuer, dns), replace(place.depends_on(*before), namespace=""))


def cluster_issuer(issuer: IssuerSpec, dns: Dns | None) -> Manifest:
    """The issuer as a ClusterIssuer, which proves by `dns`, or by ingress' gateway, who controls a name."""
    spec: Manifest = {"ca": {"secretName": _secret(issuer)}} if issuer.authority else {"selfSigned": {}}
    if issuer.acme:
        spec = {
            "acme": {
                "email": issuer.acme.email,
                "server": issuer.acme.server,
                "privateKeySecretRef": {"name": f"account.{issuer.name}"},
                "solvers": [_by_http()] if issuer.acme.by_http else _by_dns(issuer.acme, dns),
            }
        }
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": issuer.name},
        "spec": spec,
    }


def _by_dns(acme: AcmeSpec, dns: Dns | None) -> list[Manifest]:
    assert dns, "there are zones"
    return [solver(zone, dns) for zone in acme.zones]


def _by_http() -> Manifest:
    """The proof by a route at ingress' gateway, which takes routes of plain HTTP to hosts with certificates from beside
    it only."""
    gateway = {"kind": "Gateway", "namespace": GATEWAYS, "name": GATEWAY}
    return {"http01": {"gatewayHTTPRoute": {"parentRefs": [gateway], "serviceType": "ClusterIP"}}}


def _secret(issuer: IssuerSpec) -> str:
    return f"issuer.{issuer.name}"
