"""What a cluster leaves in its cloud when it goes before what it made there: load balancers and volumes."""

from collections.abc import Iterator
from dataclasses import dataclass

from rehearsal.providers.clouds import clusters


@dataclass(frozen=True)
class LeftBehind:
    """Something that a controller of the cluster made: `kind` is load-balancer or volume."""

    kind: str
    name: str


def left_behind(cluster: str) -> Iterator[LeftBehind]:
    """The load balancers of Services, and the volumes that would have been deleted with their claims."""
    with clusters.api(cluster) as api:
        if api is None:
            return
        for service in api.list("/api/v1/services"):
            if service["spec"].get("type") == "LoadBalancer":
                metadata = service["metadata"]
                yield LeftBehind("load-balancer", f"{metadata['namespace']}-{metadata['name']}")
        for volume in api.list("/api/v1/persistentvolumes"):
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                yield LeftBehind("volume", volume["metadata"]["name"])
