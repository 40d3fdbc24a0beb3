"""Classic Ingress: istiod reads objects of our class for the same gateway, and the API server refuses foreign hosts.

istiod itself would take any host that an Ingress of any namespace names, and any Secret beside the gateway
(istio.io/latest/docs/tasks/traffic-management/ingress/kubernetes-ingress and pilot/pkg/config/kube/ingress, 1.31).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from components.addons.ingress.routing import secret_name
from components.addons.ingress.spec import CLASS, GATEWAY, HostSpec

Manifest = dict[str, Any]

MESH_CONFIG: Final = {"ingressClass": CLASS, "ingressSelector": GATEWAY, "ingressService": GATEWAY}
"""What istiod is told of class and gateway."""

_POLICY: Final = "ingress-hosts"
# Whose it is may also be said by the annotation that came before the field; it counts for istiod as well.
_OURS: Final = (
    f'object.spec.?ingressClassName.orValue("") == "{CLASS}"'
    f' || object.metadata.?annotations[?"kubernetes.io/ingress.class"].orValue("") == "{CLASS}"'
)
_RULES: Final = 'object.spec.?rules.orValue([]).all(rule, rule.?host.orValue("") in variables.hosts)'
# Without hosts an entry would be for all of them; without a Secret it counts for nothing.
_CERTIFICATES: Final = (
    "object.spec.?tls.orValue([]).all(tls, size(tls.?hosts.orValue([])) > 0 && tls.hosts.all(host,"
    " host in variables.hosts && variables.secrets[?host] == tls.?secretName))"
)
_NO_HOST: Final = '"each rule needs a classic host of this namespace: " + variables.hosts.join(", ")'
_NO_CERTIFICATE: Final = '"each entry of tls needs a classic host of this namespace, and its certificate: tls.HOST"'


def ingress_class() -> Manifest:
    """Our class. It is never the default one, so that an Ingress without a class is left to whoever has that."""
    spec = {"controller": "istio.io/ingress-controller"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": CLASS}, "spec": spec}


def admission(hosts: Sequence[HostSpec]) -> Iterator[Manifest]:
    """What keeps an Ingress of our class to the classic ones of `hosts` that are its namespace's, and to their Secrets.

    It is asked when an Ingress is written: one that is there already stays as it is.
    """
    classic = [host for host in hosts if host.classic]
    tenants = sorted({tenant for host in classic for tenant in host.tenants})
    named = {tenant: [host.name for host in classic if tenant in host.tenants] for tenant in tenants}
    secrets = {host.name: secret_name(host) for host in classic if host.tls}
    written = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "resources": ["ingresses"]}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [written | {"operations": ["CREATE", "UPDATE"]}]},
        "matchConditions": [{"name": "our-class", "expression": _OURS}],
        "variables": [
            {"name": "hosts", "expression": f"{json.dumps(named)}[?request.namespace].orValue([])"},
            {"name": "secrets", "expression": json.dumps(secrets)},
        ],
        "validations": [
            {"expression": _RULES, "messageExpression": _NO_HOST, "reason": "Forbidden"},
            {"expression": _CERTIFICATES, "messageExpression": _NO_CERTIFICATE, "reason": "Forbidden"},
        ],
    }
    yield _policy("ValidatingAdmissionPolicy", spec)
    yield _policy("ValidatingAdmissionPolicyBinding", {"policyName": _POLICY, "validationActions": ["Deny"]})


def to_https(hosts: Sequence[HostSpec]) -> Iterator[Manifest]:
    """What sends the plain HTTP of classic hosts with a certificate to HTTPS, which an Ingress cannot say."""
    names = [host.name for host in hosts if host.classic and host.tls]
    if names:
        port = {"number": 80, "name": "http", "protocol": "HTTP"}
        spec = {
            "selector": {"istio": GATEWAY},
            "servers": [{"port": port, "hosts": names, "tls": {"httpsRedirect": True}}],
        }
        metadata = {"name": "classic-to-https"}
        yield {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata, "spec": spec}


def _policy(kind: str, spec: Manifest) -> Manifest:
    version = "admissionregistration.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": _POLICY}, "spec": spec}
