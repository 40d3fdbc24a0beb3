"""Kubeconfigs of the administrator and of the components."""

import base64
from collections.abc import Mapping

import yaml

from rehearsal.control_plane.layout import Layout
from rehearsal.control_plane.pki import API_AUTHORITY


def kubeconfig(layout: Layout, ports: Mapping[str, int], identity: str) -> str:
    """A kubeconfig for `identity`, with the authority in it and the credentials by path: it holds no secret."""
    authority = base64.b64encode(layout.pki.certificate(API_AUTHORITY).read_bytes()).decode()
    server = f"https://{layout.host}:{ports['kube-apiserver']}"
    user = {
        "client-certificate": str(layout.pki.certificate(identity)),
        "client-key": str(layout.pki.key(identity)),
    }
    name = layout.directory.name
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": identity, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": identity}}],
            "current-context": name,
        },
        sort_keys=False,
    )
