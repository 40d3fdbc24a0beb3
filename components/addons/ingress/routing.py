"""Gateway and redirects, as the Gateway API has them (v1, 1.6)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.addons.ingress.spec import CLASS, GATEWAY, HostSpec

Manifest = dict[str, Any]

_API: Final = "gateway.networking.k8s.io/v1"


def gateway_class() -> Manifest:
    """Gateways of this class are Istio's."""
    spec = {"controllerName": "istio.io/gateway-controller"}
    return {"apiVersion": _API, "kind": "GatewayClass", "metadata": {"name": CLASS}, "spec": spec}


def gateway(
    hosts: Sequence[HostSpec], class_name: str, service: str = "", parameters: Mapping[str, Any] | None = None
) -> Manifest:
    """The Gateway, with listeners for the hosts that are not classic; on our own `service`, if there is one, so that
    Istio makes none. `parameters` is the object that says what the class wants to know besides."""
    listeners = [listener for host in hosts if not host.classic for listener in _listeners(host)]
    spec: Manifest = {
        "gatewayClassName": class_name,
        "listeners": listeners or [_listener("none", 80, "HTTP", "Same")],
    }
    if service:
        spec["addresses"] = [{"type": "Hostname", "value": service}]
    if parameters:
        group, name = parameters["apiVersion"].partition("/")[0], parameters["metadata"]["name"]
        spec["infrastructure"] = {"parametersRef": {"group": group, "kind": parameters["kind"], "name": name}}
    return {"apiVersion": _API, "kind": "Gateway", "metadata": {"name": GATEWAY}, "spec": spec}


def redirects(hosts: Sequence[HostSpec]) -> Iterator[Manifest]:
    """For each host with a certificate that is not classic, a route from HTTP to HTTPS."""
    for host in hosts:
        if host.tls and not host.classic:
            redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
            parent = {"name": GATEWAY, "sectionName": _section("http", host)}
            spec = {"parentRefs": [parent], "hostnames": [host.name], "rules": [{"filters": [redirect]}]}
            metadata = {"name": f"https.{host.name}"}
            yield {"apiVersion": _API, "kind": "HTTPRoute", "metadata": metadata, "spec": spec}


def secret_name(host: HostSpec) -> str:
    """The Secret with the host's certificate."""
    return f"tls.{host.name}"


def certificate(name: str, issuer: str, secret: str) -> Manifest:
    """What cert-manager keeps in `secret`, signed by the ClusterIssuer `issuer`."""
    spec = {
        "secretName": secret,
        "dnsNames": [name],
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
    }
    return {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": secret}, "spec": spec}


def _listeners(host: HostSpec) -> Iterator[Manifest]:
    """The host's HTTP, for its tenants or for our redirect, and its HTTPS if it has a certificate."""
    tenants = {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": [*host.tenants]}]
    }
    http = _listener(_section("http", host), 80, "HTTP", "Same" if host.tls else tenants)
    yield http | {"hostname": host.name}
    if host.tls:
        https = _listener(_section("https", host), 443, "HTTPS", tenants)
        certificate = {"mode": "Terminate", "certificateRefs": [{"name": secret_name(host)}]}
        yield https | {"hostname": host.name, "tls": certificate}


def _section(protocol: str, host: HostSpec) -> str:
    return f"{protocol}.{host.name}"


def _listener(name: str, port: int, protocol: str, routes: str | Manifest) -> Manifest:
    """A listener for routes of the Gateway's own namespace (`Same`), or of those that a selector finds."""
    namespaces = {"from": routes} if isinstance(routes, str) else {"from": "Selector", "selector": routes}
    return {"name": name, "port": port, "protocol": protocol, "allowedRoutes": {"namespaces": namespaces}}
