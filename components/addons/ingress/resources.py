"""The gateway's pods with what they need, the load balancer in front of them, and what they are told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pulumi
import pulumi_kubernetes.core.v1 as core
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.addon import Created, InstallContext
from components.addons.external_dns.spec import ExternalDnsSpec, names
from components.addons.ingress import classic
from components.addons.ingress.routing import certificate, gateway, gateway_class, redirects, secret_name
from components.addons.ingress.spec import CLASS, GATEWAY, HostSpec, IngressSpec
from components.addons.istio.spec import VERSION
from components.addons.secrets import make_key_pair_secret
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service_account
from components.contract import Cluster
from components.naming import selector
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_USER: Final = 1337  # the image's
# Whoever serves a class takes down what it made of a Gateway that goes, and not of one that is another's now.
_OF_ITS_CLASS: Final = pulumi.ResourceOptions(replace_on_changes=["spec.gatewayClassName"], delete_before_replace=True)
_SECRETS: Final = PolicyRuleArgs(  # istiod gives certificates only to those who may read them
    api_groups=[""], resources=["secrets"], verbs=["get", "list", "watch"]
)


def create_resources(
    spec: IngressSpec, context: InstallContext, place: Place, services: Sequence[pulumi.Resource]
) -> Created:
    """The load balancer first, for it takes longest, then the gateway behind `services`, then its routes.

    Tenants' objects do not wait for our load balancer; for the cloud's they do, because what it makes of a Gateway it
    makes of the routes.
    """
    behind = place.depends_on(*services)
    guards: list[ManifestObject] = []
    if spec.class_ == "cloud":
        listening = _make_clouds_gateway(spec, context.cluster, behind)
    else:
        service = _make_load_balancer(spec, context, place)
        pods = make_deployment(_pods(), context.replicas, make_service_account(GATEWAY, (), behind, here=[_SECRETS]))
        behind = behind.depends_on(*_make_secrets(spec.hosts, behind))
        ours = ManifestObject(gateway_class(), replace(behind.depends_on(service), namespace=""))
        address = f"{GATEWAY}.{place.namespace}.svc.cluster.local"
        listener = gateway(spec.hosts, CLASS, address)
        listening = ManifestObject(listener, behind.depends_on(pods, service, ours), more=_OF_ITS_CLASS)
        if spec.has_classic:
            guards = _make_classic(spec, behind, service)
    for redirect in redirects(spec.hosts):
        ManifestObject(redirect, place.depends_on(listening))
    waited_for = [*behind.dependencies, *guards, *([listening] if spec.class_ == "cloud" else ())]
    return Created(tenant_prerequisites=waited_for)


def _make_clouds_gateway(spec: IngressSpec, cluster: Cluster, place: Place) -> ManifestObject:
    """A gateway of the cloud's own, with the certificates where it takes them from."""
    theirs = cluster.gateways(internal=spec.internal)
    # By themselves, and not with the cluster: the load balancer is outside of it.
    outside = replace(place.depends_on(*theirs.after), deleted_with=None)
    pairs = {host.name: pair for host in spec.hosts if host.tls and (pair := host.tls.pair)}
    certificates = {host: (pair.certificate, pair.key.text or "") for host, pair in pairs.items()}
    parameters = cluster.gateway_parameters(internal=spec.internal, certificates=certificates)
    before = [ManifestObject(parameters, outside)] if parameters else _make_secrets(spec.hosts, place)
    listener = gateway(spec.hosts, theirs.gateway_class, parameters=parameters)
    return ManifestObject(listener, outside.depends_on(*before), more=_OF_ITS_CLASS)


def _make_classic(spec: IngressSpec, place: Place, service: pulumi.Resource) -> list[ManifestObject]:
    """The class of Ingress comes when it cannot be used for others' hosts, and goes before that changes."""
    whole = replace(place, namespace="")
    guards = [ManifestObject(each, whole) for each in classic.admission(spec.hosts)]
    for each in classic.to_https(spec.hosts):
        ManifestObject(each, place.depends_on(service))
    ManifestObject(classic.ingress_class(), whole.depends_on(service, *guards))
    return guards


def _make_load_balancer(spec: IngressSpec, context: InstallContext, place: Place) -> core.Service:
    """The Service in front of the gateway's pods. It does not wait for them, nor they for it."""
    balancing = context.cluster.load_balancing
    wanted = balancing.internal if spec.internal else balancing.external
    named = names([host.name for host in spec.hosts]) if ExternalDnsSpec in context.selection else {}
    # By itself, and not with the cluster: the load balancer is outside of it.
    outside = replace(place, deleted_with=None)
    return core.Service(
        place.logical(GATEWAY),
        metadata=place.metadata(GATEWAY, annotations={**wanted, **named}),
        spec=core.ServiceSpecArgs(
            type="LoadBalancer",
            selector=selector(GATEWAY),
            ports=[
                core.ServicePortArgs(name=name, port=port, target_port=port)
                for name, port in (("http", 80), ("https", 443))
            ],
        ),
        opts=outside.options(),
    )


def _pods() -> PodTemplate:
    """The proxy; istiod's webhook fills in the rest of it by its template for gateways."""
    container = Container(
        name="istio-proxy",
        image=f"docker.io/istio/proxyv2:{VERSION}",
        cpu=100,
        memory=256,
        ports={"http": 80, "https": 443},
    )
    return PodTemplate(
        name=GATEWAY,
        containers=[container],
        user=_USER,
        service_account=GATEWAY,
        labels={"istio": GATEWAY, "sidecar.istio.io/inject": "true"},
        annotations={"inject.istio.io/templates": "gateway"},
    )


def _make_secrets(hosts: Sequence[HostSpec], place: Place) -> list[pulumi.Resource]:
    """The hosts' certificates as Secrets, or what cert-manager is to make such of."""
    made: list[pulumi.Resource] = []
    for host in hosts:
        if host.tls and host.tls.pair:
            made.append(make_key_pair_secret(secret_name(host), host.tls.pair, place))
        elif host.issuer:
            made.append(ManifestObject(certificate(host.name, host.issuer, secret_name(host)), place))
    return made
