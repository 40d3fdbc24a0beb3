"""The gateway's pods with what they need, the load balancer in front of them, and what they are told."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_kubernetes.rbac.v1 as rbac

from components.addons.bundles import load, read_bundles
from components.addons.ingress.routing import CLASS, gateway, gateway_class, redirects, secret_name
from components.addons.workloads import Container, Pods, make_deployment
from components.naming import selector
from components.platform.manifests import ManifestObject
from components.platform.place import Place

if TYPE_CHECKING:
    from components.addons.base import Site
    from components.addons.ingress import HostSpec, IngressSpec

_NAME: Final = "ingress"
_USER: Final = 1337  # the image's


def make_parts(spec: "IngressSpec", site: "Site", place: Place) -> None:
    """Register all of it. The load balancer goes before the gateway's pods, and routes before the load balancer."""
    whole = replace(place, namespace="")
    kinds = [] if site.cluster.brings_gateway_api else [ManifestObject(each, whole) for each in load("gateway-api")]
    secrets = [_make_secret(host, place) for host in spec.hosts if host.tls]
    behind = place.then(*kinds, *secrets)
    if spec.class_ == "cloud":
        theirs = site.cluster.gateways(internal=spec.internal)
        # By itself, and not with the cluster: its load balancer is outside of it.
        outside = replace(behind.then(*theirs.after), gone_with=None)
        listening = ManifestObject(gateway(spec.hosts, theirs.gateway_class), outside)
    else:
        service = _make_load_balancer(spec, site, place)
        ours = ManifestObject(gateway_class(), replace(behind.then(service), namespace=""))
        address = f"{_NAME}.{place.namespace}.svc.cluster.local"
        listening = ManifestObject(gateway(spec.hosts, CLASS, address), behind.then(service, ours))
    for redirect in redirects(spec.hosts):
        ManifestObject(redirect, place.then(listening))


def _make_load_balancer(spec: "IngressSpec", site: "Site", place: Place) -> core.Service:
    """The gateway's pods, and the Service in front of them."""
    pods = make_deployment(_pods(), site.replicas, _make_account(place))
    balancing = site.cluster.load_balancing
    # By itself, and not with the cluster: the load balancer is outside of it.
    outside = replace(place.then(pods), gone_with=None)
    return core.Service(
        place.logical(_NAME),
        metadata=place.metadata(_NAME, annotations=dict(balancing.internal if spec.internal else balancing.external)),
        spec=core.ServiceSpecArgs(
            type="LoadBalancer",
            selector=selector(_NAME),
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
        name=_NAME,
        containers=[container],
        user=_USER,
        service_account=_NAME,
        labels={"istio": "ingress", "sidecar.istio.io/inject": "true"},
        annotations={"inject.istio.io/templates": "gateway"},
    )


def _make_account(place: Place) -> Place:
    """A ServiceAccount that may read the Secrets of this namespace: istiod gives certificates only to those."""
    account = core.ServiceAccount(
        place.logical(_NAME),
        metadata=place.metadata(_NAME),
        automount_service_account_token=False,
        opts=place.options(),
    )
    reading = rbac.PolicyRuleArgs(api_groups=[""], resources=["secrets"], verbs=["get", "list", "watch"])
    role = rbac.Role(place.logical(_NAME), metadata=place.metadata(_NAME), rules=[reading], opts=place.options())
    binding = rbac.RoleBinding(
        place.logical(_NAME),
        metadata=place.metadata(_NAME),
        role_ref=rbac.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=_NAME),
        subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=_NAME, namespace=place.namespace)],
        opts=place.then(account, role).options(),
    )
    return place.then(binding)


def _make_secret(host: "HostSpec", place: Place) -> core.Secret:
    assert host.tls
    name = secret_name(host)
    return core.Secret(
        place.logical(name),
        metadata=place.metadata(name),
        type="kubernetes.io/tls",
        string_data=pulumi.Output.secret({"tls.crt": host.tls.certificate, "tls.key": host.tls.key.text or ""}),
        opts=place.options(),
    )
