"""What stands in a cluster, read from its API server: nodes by pool, tenants and their quotas, storage."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lightkube import Client, KubeConfig
from lightkube.models.core_v1 import Node as NodeModel
from lightkube.resources.core_v1 import Namespace, Node, ResourceQuota
from lightkube.resources.storage_v1 import StorageClass
from rich.table import Table

from automation.show import table
from components.naming import NODE_POOL_LABEL, TENANT_LABEL
from components.platform.shared import DEFAULT_CLASS_ANNOTATION

_QUOTA_COLUMNS = {
    "pods": "pods",
    "requests.cpu": "cpu requests",
    "requests.memory": "memory requests",
    "limits.cpu": "cpu limits",
    "limits.memory": "memory limits",
    "persistentvolumeclaims": "volumes",
    "services.loadbalancers": "load balancers",
}


class Summary:
    """The tables of one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client: Any = Client(config=KubeConfig.from_file(str(kubeconfig)))

    def tables(self) -> Iterator[Table]:
        """Nodes by pool, tenants with quotas as used/hard, storage classes; empty ones are left out."""
        for title, columns, rows in (
            ("Nodes", ("pool", "ready", "capacity of each", "taints"), self._pools()),
            ("Tenants, quota used/hard", ("tenant", *_QUOTA_COLUMNS.values()), self._tenants()),
            ("Storage classes", ("name", "provisioner", "binds", "reclaims"), self._storage_classes()),
        ):
            listed = list(rows)
            if listed:
                yield table(title, columns, listed)

    def _pools(self) -> Iterator[tuple[str, ...]]:
        pools: dict[str, list[NodeModel]] = {}
        for node in self._client.list(Node):
            pools.setdefault((node.metadata.labels or {}).get(NODE_POOL_LABEL, "–"), []).append(node)
        for pool, nodes in sorted(pools.items()):
            ready = sum(_is_ready(node) for node in nodes)
            yield pool, f"{ready}/{len(nodes)}", _capacity(nodes[0]), _taints(nodes[0])

    def _tenants(self) -> Iterator[tuple[str, ...]]:
        for namespace in self._client.list(Namespace, labels={TENANT_LABEL: None}):
            name = namespace.metadata.name
            quotas = self._client.list(ResourceQuota, namespace=name)
            status = [quota.status for quota in quotas if not (quota.spec.scopes or quota.spec.scopeSelector)]
            yield name, *(_used_of_hard(status, key) for key in _QUOTA_COLUMNS)

    def _storage_classes(self) -> Iterator[tuple[str, ...]]:
        for found in self._client.list(StorageClass):
            default = (found.metadata.annotations or {}).get(DEFAULT_CLASS_ANNOTATION) == "true"
            name = f"{found.metadata.name} (default)" if default else found.metadata.name
            yield name, found.provisioner, found.volumeBindingMode or "Immediate", found.reclaimPolicy or "Delete"


def _is_ready(node: NodeModel) -> bool:
    conditions = (node.status and node.status.conditions) or []
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)


def _capacity(node: NodeModel) -> str:
    capacity: Mapping[str, str] = (node.status and node.status.capacity) or {}
    return ", ".join(f"{capacity[key]} {key}" for key in ("cpu", "memory", "pods") if key in capacity)


def _taints(node: NodeModel) -> str:
    taints = (node.spec and node.spec.taints) or []
    return ", ".join(f"{taint.key}={taint.value or ''}:{taint.effect}" for taint in taints)


def _used_of_hard(statuses: Iterable[Any], key: str) -> str:
    for status in statuses:
        if status and key in (status.hard or {}):
            return f"{(status.used or {}).get(key, '0')}/{status.hard[key]}"
    return "–"
