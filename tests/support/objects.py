"""Valid objects to start from."""

import json
from collections.abc import Mapping
from typing import Any

from common.simulation import CAPACITY_ANNOTATION, NODE_LABEL
from tests.support.api import Object

SECURE = {  # what the Pod Security level "restricted" asks of a container
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def node(name: str, labels: Mapping[str, str] | None = None, **capacity: str) -> Object:
    """A node that KWOK plays, with `capacity` by resource name (cpu, memory, pods) or with its defaults."""
    annotations = {CAPACITY_ANNOTATION: json.dumps(capacity)} if capacity else {}
    metadata = {"name": name, "labels": {NODE_LABEL[0]: NODE_LABEL[1], **(labels or {})}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def pod_template(rehearse: str = "", **spec: Any) -> Object:
    """A pod's metadata and spec with one container; `rehearse` says what shall become of it (stages/pod.yaml)."""
    annotations = {"polykube.dev/rehearse": rehearse} if rehearse else {}
    container = {"name": "main", "image": "example.test/main:1", "securityContext": SECURE}
    fields = {"containers": [container], "automountServiceAccountToken": False, **spec}
    return {"metadata": {"annotations": annotations}, "spec": fields}


def pod(namespace: str, name: str, rehearse: str = "", **spec: Any) -> Object:
    """A pod with one container."""
    template = pod_template(rehearse, **spec)
    template["metadata"] |= {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "Pod", **template}


def deployment(namespace: str, name: str, replicas: int = 1, **spec: Any) -> Object:
    """A Deployment of pods with one container, labelled `app: NAME`; `spec` is of the pods."""
    template = pod_template(**spec)
    template["metadata"] |= {"labels": {"app": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def job(namespace: str, name: str, rehearse: str = "", **spec: Any) -> Object:
    """A Job of one pod that is not restarted; `spec` is of the Job (backoffLimit, completions)."""
    template = pod_template(rehearse, restartPolicy="Never")
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}


def route(namespace: str, name: str, host: str, path: str, section: str | None = None) -> Object:
    """An HTTPRoute of `host` at the Gateway of ingress, from exactly `path` to the Service `name` beside it."""
    gateway: Object = {"namespace": "istio-ingress", "name": "ingress"}
    if section:
        gateway["sectionName"] = section
    rule = {"matches": [{"path": {"type": "Exact", "value": path}}], "backendRefs": [{"name": name, "port": 8089}]}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"parentRefs": [gateway], "hostnames": [host], "rules": [rule]},
    }


def ingress(namespace: str, *hosts: str, secured: str = "", secret: str = "", annotated: bool = False) -> Object:
    """The Ingress `web`, of the class `ingress`, for `hosts`, with the certificate of one of them."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    spec: Object = {"rules": [({"host": host} if host else {}) | {"http": paths} for host in hosts]}
    if secured:
        spec["tls"] = [{"hosts": [secured], "secretName": secret or f"tls.{secured}"}]
    metadata: Object = {"name": "web", "namespace": namespace}
    if annotated:
        metadata["annotations"] = {"kubernetes.io/ingress.class": "ingress"}
    else:
        spec["ingressClassName"] = "ingress"
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}
