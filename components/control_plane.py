"""Where a control plane whose machines are ours gives its metrics, as the cluster makes it and monitoring reads it.

All of it speaks TLS and asks the API server who calls and whether he may get `/metrics`: Prometheus may, by its token,
and tenants may not.
"""

from typing import Final

NAMESPACE: Final = "kube-system"
SCHEDULER: Final = 10259
CONTROLLER_MANAGER: Final = 10257
ETCD: Final = 9979
"""The port of the first member's metrics; those of others that are on machines of their own have the next ones."""
MOST_MEMBERS: Final = 7
PORTS: Final = (CONTROLLER_MANAGER, SCHEDULER, *range(ETCD, ETCD + MOST_MEMBERS))
ETCD_METRICS: Final = "etcd-metrics"
"""The pods that give the metrics of etcd; each container is called as its member is."""
SNAPSHOTS: Final = "etcd-snapshots"
"""The CronJob that takes snapshots of etcd."""
