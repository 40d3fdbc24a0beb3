"""What a user answers who makes a project, by kind of cluster."""

from pathlib import Path
from typing import Final

import yaml

ANSWERS: Final = {
    "eks": {
        "region": "eu-west-1",
        "administrator": "arn:aws:iam::123456789012:role/admin",
        "developers": "arn:aws:iam::123456789012:role/dev",
        "from": "198.51.100.0/24",
    },
    "gke": {
        "project": "acme-clusters",
        "project-number": "123456789012",
        "region": "europe-west1",
        "administrator": "group:admins@acme.test",
        "security-group": "gke-security-groups@acme.test",
        "developers": "developers@acme.test",
        "from": "198.51.100.0/24",
    },
    "aks": {
        "subscription": "00000000-0000-4000-8000-000000000001",
        "tenant": "00000000-0000-4000-8000-000000000002",
        "region": "northeurope",
        "administrator": "00000000-0000-4000-8000-000000000003",
        "developers": "00000000-0000-4000-8000-000000000004",
        "from": "198.51.100.0/24",
    },
    "kubeadm-aws": {
        "region": "eu-west-1",
        "administrator": "arn:aws:iam::123456789012:role/admin",
        "from": "198.51.100.0/24",
    },
    "kubeadm-hosts": {
        "network": "192.168.7.0/24",
        "virtual-ip": "192.168.7.5",
        "services": "192.168.7.100-192.168.7.110",
        **{f"control-plane-{number}": f"192.168.7.1{number}" for number in (1, 2, 3)},
        **{f"worker-{number}": f"192.168.7.2{number}" for number in (1, 2, 3)},
    },
    "existing": {"context": "acme"},
    "local": {},
}


def kubeconfig(directory: Path) -> str:
    """The path of a kubeconfig with the context `acme`."""
    named = {
        "clusters": {"server": "https://acme.test:6443"},
        "users": {"token": "nobody's"},
        "contexts": {"cluster": "acme", "user": "acme"},
    }
    content = {key: [{"name": "acme", key[:-1]: value}] for key, value in named.items()}
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "acme", **content}))
    return str(file)
