"""What a cluster leaves in its cloud when it goes before what it made there: load balancers and volumes."""

from common.wire import Properties
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.store import Resource, Store


def leave_behind(cluster: str, store: Store, balancer: tuple[str, Properties], volume: tuple[str, Properties]) -> None:
    """Put what controllers of the cluster made into the store: of each its type there, and its inputs but for the name.

    It is the load balancers of Services, and the volumes that would have been deleted with their claims.
    """
    with clusters.api(cluster) as api:
        if api is None:
            return
        made = [
            (balancer, f"{service['metadata']['namespace']}-{service['metadata']['name']}")
            for service in api.list("/api/v1/services")
            if service["spec"].get("type") == "LoadBalancer"
        ]
        made += [
            (volume, each["metadata"]["name"])
            for each in api.list("/api/v1/persistentvolumes")
            if each["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        ]
    for (type_, inputs), name in made:
        store.put(Resource(type_, name, name, {"name": name, **inputs}), "create")
