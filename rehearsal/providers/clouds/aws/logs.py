"""Log groups: how long they are kept, and one that comes back when its cluster has gone.

The control plane writes its last logs when its log group is deleted already, and EKS makes the group anew for them, by
its own role, whatever the cluster's role may do (terraform-aws-modules/terraform-aws-eks #920, #2446, #2763).
"""

import re
from typing import Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.store import Resource, Store

LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_CLUSTER: Final = "aws:eks/cluster:Cluster"
_CONTROL_PLANE: Final = re.compile(r"/aws/eks/(.+)/cluster")
_LATE: Final = "late"  # the event
_DAYS: Final = frozenset(  # AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html, November 2026
    {0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


class LogGroup(Behaviour):
    """`cloudwatch.LogGroup`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        if (days := new.inputs.get("retentionInDays", 0)) not in _DAYS:
            raise Refused("said", reason=f"expected retention_in_days to be one of {sorted(_DAYS)}, got {days}")
        if old is None and (new.id in log_groups(store) or _is_written_to(new.id, store)):
            reason = "ResourceAlreadyExistsException: The specified log group already exists"
            raise Refused("said", reason=reason)


def begin_to_log(cluster: Resource, store: Store) -> None:
    """Have the log group of a control plane that logs: EKS makes it where there is none, and keeps it for ever
    (hashicorp/terraform-provider-aws #28973, cloudposse/terraform-aws-eks-cluster #67)."""
    name = f"/aws/eks/{cluster.id}/cluster"
    if cluster.inputs.get("enabledClusterLogTypes") and not store.get(LOG_GROUP, name):
        store.put(Resource(LOG_GROUP, name, name, {"name": name}, {"name": name, "retentionInDays": 0}), _LATE)


def _is_written_to(name: str, store: Store) -> bool:
    """Whether a control plane that is there would have made the log group by now."""
    found = _CONTROL_PLANE.fullmatch(name)
    cluster = store.get(_CLUSTER, found[1]) if found else None
    return bool(cluster and cluster.inputs.get("enabledClusterLogTypes"))


def log_groups(store: Store) -> list[str]:
    """The names of all log groups, with those of control planes that have come back by now."""
    for name in {event.id for event in store.events() if event.type == LOG_GROUP}:
        if (cluster := _CONTROL_PLANE.fullmatch(name)) and _has_come_back(name, cluster[1], store):
            store.put(Resource(LOG_GROUP, name, name, {"name": name}, {"name": name, "retentionInDays": 0}), _LATE)
    return [group.id for group in store.all(LOG_GROUP)]


def _has_come_back(name: str, cluster: str, store: Store) -> bool:
    """Whether the group went after the cluster had been there, and has not come back since the cluster went."""
    if store.get(LOG_GROUP, name) or store.get(_CLUSTER, cluster):
        return False
    events = [(event.operation, event.type, event.id) for event in store.events()]
    last = max((at for at, event in enumerate(events) if event == ("delete", _CLUSTER, cluster)), default=-1)
    return last >= 0 and (_LATE, LOG_GROUP, name) not in events[last:]
