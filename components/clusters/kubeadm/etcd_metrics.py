"""Metrics of etcd for whoever may get them: kube-rbac-proxy on the control planes, which alone reach etcd.

A member beside an API server gives its metrics on loopback, as kubeadm has it; one on another machine gives them to the
clients that its authority vouches for, which may read all of etcd: so no such certificate is given to Prometheus.
Flags: github.com/brancz/kube-rbac-proxy, README.md, 0.22.
"""

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from components.addons.rendered import Manifest, register, size
from components.clusters.kubeadm.core_add_ons import CoreAddOns, deployment, hardened, on_control_planes, rights
from components.clusters.kubeadm.snapshots import etcd_client, of_machine
from components.control_plane import ETCD, ETCD_METRICS, NAMESPACE
from components.naming import selector

IMAGE: Final = "quay.io/brancz/kube-rbac-proxy:v0.22.0"
_LOOPBACK: Final = "http://127.0.0.1:2381/"  # kubeadm's listen-metrics-urls
_NOBODY: Final = 65532


def give_metrics(parts: CoreAddOns, members: Mapping[str, pulumi.Input[str]]) -> None:
    """Those of members on other machines, by name and endpoint, or without any of each control plane's own."""
    rules = [
        {"apiGroups": [f"{group}.k8s.io"], "resources": [kind], "verbs": ["create"]}
        for group, kind in (("authentication", "tokenreviews"), ("authorization", "subjectaccessreviews"))
    ]
    workload = _of_others(members) if members else _beside()
    register([*rights(ETCD_METRICS, rules), workload], parts.place)


def _proxy(name: str, port: int, upstream: pulumi.Input[str], arguments: list[str], mounts: list[Any]) -> Manifest:
    container = hardened(
        {
            "name": name,
            "image": IMAGE,
            "args": [
                f"--secure-listen-address=0.0.0.0:{port}",
                pulumi.Output.concat("--upstream=", upstream),
                "--allow-paths=/metrics",
                "--tls-min-version=VersionTLS12",
                *arguments,
            ],
            "ports": [{"name": "metrics", "containerPort": port}],
            "readinessProbe": {"tcpSocket": {"port": port}},
            "livenessProbe": {"tcpSocket": {"port": port}},
            "volumeMounts": mounts,
        }
    )
    size(container, 10, 48)
    return container


def _pod(containers: list[Manifest], volumes: list[Manifest], user: int) -> Manifest:
    return on_control_planes(
        {
            "serviceAccountName": ETCD_METRICS,
            "hostNetwork": True,
            "priorityClassName": "system-cluster-critical",
            "securityContext": {"runAsUser": user, "runAsGroup": user},
            "containers": containers,
            "volumes": volumes,
        }
    )


def _beside() -> Manifest:
    """On each control plane one, for the member there."""
    pod = _pod([_proxy("etcd", ETCD, _LOOPBACK, [], [])], [], _NOBODY)
    template = {"metadata": {"labels": selector(ETCD_METRICS)}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": ETCD_METRICS, "namespace": NAMESPACE, "labels": selector(ETCD_METRICS)},
        "spec": {"selector": {"matchLabels": selector(ETCD_METRICS)}, "template": template},
    }


def _of_others(members: Mapping[str, pulumi.Input[str]]) -> Manifest:
    """One pod for all, so that each member is counted once; root alone reads the client's key."""
    known = etcd_client(external=True)
    flags = {
        "ETCD_CA": "upstream-ca-file",
        "ETCD_CERT": "upstream-client-cert-file",
        "ETCD_KEY": "upstream-client-key-file",
    }
    arguments = [f"--{flags[name]}={path}" for name, path in known.items()]
    volumes = [of_machine(name.lower().replace("_", "-"), path, "File") for name, path in known.items()]
    mounts = [{"name": each["name"], "mountPath": each["hostPath"]["path"], "readOnly": True} for each in volumes]
    containers = [
        _proxy(name, ETCD + number, pulumi.Output.concat(endpoint, "/"), arguments, mounts)
        for number, (name, endpoint) in enumerate(members.items())
    ]
    return deployment(ETCD_METRICS, _pod(containers, volumes, 0))
