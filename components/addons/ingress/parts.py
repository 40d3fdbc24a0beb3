"""The gateway's pods with what they need, the load balancer in front of them, and what they are told."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_kubernetes.core.v1 as core
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.bundles import load, read_bundles
from components.addons.external_dns import ExternalDns, names
from components.addons.ingress import classic
from components.addons.ingress.routing import CLASS, NAME, certificate, gateway, gateway_class, redirects, secret_name
from components.addons.key_pair import make_secret
from components.addons.workloads import Container, Pods, make_deployment, make_service_account
from components.naming import selector
from components.platform.manifests import ManifestObject
from components.platform.place import Place

if TYPE_CHECKING:
    from components.addons.base import Site
    from components.addons.ingress import HostSpec, IngressSpec

_USER: Final = 1337  # the image's
_SECRETS: Final = PolicyRuleArgs(  # istiod gives certificates only to those who may read them
    api_groups=[""], resources=["secrets"], verbs=["get", "list", "watch"]
)


def make_parts(spec: "IngressSpec", site: "Site", place: Place) -> None:
    """Register all of it. The load balancer goes before the gateway's pods, and routes before the load balancer."""
    whole = replace(place, namespace="")
    kinds = [] if site.cluster.brings_gateway_api else [ManifestObject(each, whole) for each in load("gateway-api")]
    secrets = [made for host in spec.hosts for made in _make_secret(host, place)]
    behind = place.then(*kinds, *secrets)
    if spec.class_ == "cloud":
        theirs = site.cluster.gateways(internal=spec.internal)
        # By itself, and not with the cluster: its load balancer is outside of it.
        outside = replace(behind.then(*theirs.after), gone_with=None)
        listening = ManifestObject(gateway(spec.hosts, theirs.gateway_class), outside)
    else:
        service = _make_load_balancer(spec, site, place)
        ours = ManifestObject(gateway_class(), replace(behind.then(service), namespace=""))
        address = f"{NAME}.{place.namespace}.svc.cluster.local"
        listening = ManifestObject(gateway(spec.hosts, CLASS, address), behind.then(service, ours))
        if spec.has_classic:
            _make_classic(spec, behind.then(service))
    for redirect in redirects(spec.hosts):
        ManifestObject(redirect, place.then(listening))


def _make_classic(spec: "IngressSpec", place: Place) -> None:
    """The class of Ingress comes when it cannot be used for others' hosts, and goes before that changes."""
    whole = replace(place, namespace="")
    guards = [ManifestObject(each, whole) for each in classic.admission(spec.hosts)]
    for each in classic.to_https(spec.hosts):
        ManifestObject(each, place)
    ManifestObject(classic.ingress_class(), whole.then(*guards))


def _make_load_balancer(spec: "IngressSpec", site: "Site", place: Place) -> core.Service:
    """The gateway's pods, and the Service in front of them."""
    pods = make_deployment(_pods(), site.replicas, make_service_account(NAME, (), place, here=[_SECRETS]))
    balancing = site.cluster.load_balancing
    wanted = balancing.internal if spec.internal else balancing.external
    named = names([host.name for host in spec.hosts]) if ExternalDns in site.installed else {}
    # By itself, and not with the cluster: the load balancer is outside of it.
    outside = replace(place.then(pods), gone_with=None)
    return core.Service(
        place.logical(NAME),
        metadata=place.metadata(NAME, annotations={**wanted, **named}),
        spec=core.ServiceSpecArgs(
            type="LoadBalancer",
            selector=selector(NAME),
            ports=[
                core.ServicePortArgs(name=name, port=port, target_port=port)
                for name, port in (("http", 80), ("https", 443))
            ],
        ),
        opts=outside.options(),
    )


def _pods() -> Pods:
    """The proxy; istiod's webhook fills in the rest of it by its template for gateways."""
    container = Container(
        name="istio-proxy",
        image=f"docker.io/istio/proxyv2:{read_bundles()['istio'].version}",
        cpu=100,
        memory=256,
        ports={"http": 80, "https": 443},
    )
    return Pods(
        name=NAME,
        containers=[container],
        user=_USER,
        service_account=NAME,
        labels={"istio": NAME, "sidecar.istio.io/inject": "true"},
        annotations={"inject.istio.io/templates": "gateway"},
    )


def _make_secret(host: "HostSpec", place: Place) -> Iterator[pulumi.Resource]:
    """The host's certificate as a Secret, or what cert-manager is to make one of."""
    if host.tls and host.tls.pair:
        yield make_secret(secret_name(host), host.tls.pair, place)
    elif host.issuer:
        yield ManifestObject(certificate(host.name, host.issuer, secret_name(host)), place)
