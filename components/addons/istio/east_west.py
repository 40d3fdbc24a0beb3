"""The east-west gateway: where the other clusters of a mesh reach this one's Services, by mutual TLS to the pods.

It is no end of TLS: it leads a connection on by the name in its greeting (AUTO_PASSTHROUGH), and only to pods of the
mesh, which let in whom the mesh's authority knows.
"""

from dataclasses import replace
from typing import Final

import pulumi_kubernetes.core.v1 as core

from components.addons.addon import InstallContext
from components.addons.istio.clusters import GATEWAY, NETWORK_LABEL, PORT
from components.addons.istio.spec import VERSION, MeshSpec
from components.addons.workloads import Container, PodTemplate, make_deployment
from components.naming import selector
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_NAME: Final = "east-west"
_USER: Final = 1337  # the image's


def make_gateway(mesh: MeshSpec, context: InstallContext, place: Place) -> None:
    """Register it in `place`, behind istiod: its webhook fills in the pods."""
    network = {NETWORK_LABEL: mesh.network}
    container = Container(
        name="istio-proxy",
        image=f"docker.io/istio/proxyv2:{VERSION}",
        cpu=100,
        memory=256,
        ports={"tls": PORT},
        environment=[core.EnvVarArgs(name="ISTIO_META_REQUESTED_NETWORK_VIEW", value=mesh.network)],
    )
    pods = PodTemplate(
        name=_NAME,
        containers=[container],
        user=_USER,
        labels={**GATEWAY.labels, **network, "sidecar.istio.io/inject": "true"},
        annotations={"inject.istio.io/templates": "gateway"},
    )
    running = make_deployment(pods, context.replicas, place)
    balancing = context.cluster.load_balancing
    core.Service(
        place.logical(_NAME),
        metadata=place.metadata(
            _NAME, {**GATEWAY.labels, **network}, dict(balancing.internal if mesh.internal else balancing.external)
        ),
        spec=core.ServiceSpecArgs(
            type="LoadBalancer",
            selector=selector(_NAME),
            ports=[core.ServicePortArgs(name="tls", port=PORT, target_port=PORT)],
        ),
        # By itself, and not with the cluster: the load balancer is outside of it.
        opts=replace(place.depends_on(running), deleted_with=None).options(),
    )
    server = {
        "port": {"number": PORT, "name": "tls", "protocol": "TLS"},
        "tls": {"mode": "AUTO_PASSTHROUGH"},
        "hosts": ["*.local"],
    }
    listening = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": _NAME},
        "spec": {"selector": dict(GATEWAY.labels), "servers": [server]},
    }
    ManifestObject(listening, place)
