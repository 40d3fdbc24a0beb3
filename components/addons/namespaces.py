"""The namespaces of add-ons: their quotas, and what bounds the pods in them."""

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi_kubernetes as kubernetes

from components.contract import Cluster, Namespace
from components.platform.flows import Flow, make_flow_policies
from components.platform.namespaces import make_namespace
from components.platform.network import NetworkSpec, make_network_policies
from components.platform.place import Place

# What a container gets that states nothing, such as an injected one: without it, a quota would refuse its pod.
_DEFAULT_RESOURCES: Final = {"cpu": "100m", "memory": "128Mi"}
_NONE: Final = {"persistentvolumeclaims": "0", "services.loadbalancers": "0", "services.nodeports": "0"}


def quota(pods: int, cpu: int, gibibytes: int) -> Mapping[str, str]:
    """A namespace's quota: `cpu` and memory of all its pods' requests, of which four times the CPU may be used."""
    memory = f"{gibibytes}Gi"
    return {
        "pods": str(pods),
        "requests.cpu": str(cpu),
        "requests.memory": memory,
        "limits.cpu": str(4 * cpu),
        "limits.memory": memory,
    }


def make_add_on_namespace(spec: Namespace, cluster: Cluster, flows: Sequence[Flow], place: Place) -> Place:
    """The namespace, in `place`, with quota, limits and the network policies that `flows` need.

    The place inside of it comes back; what is put there comes after all of these.
    """
    namespace = make_namespace(spec.name, spec.pod_security, f"v{cluster.version}", place)
    inside = Place(place.parent, spec.name, {}, (namespace,), cluster.in_cluster().deleted_with)
    bounds = kubernetes.core.v1.ResourceQuota(
        inside.logical("quota"),
        metadata=inside.metadata("quota"),
        spec=kubernetes.core.v1.ResourceQuotaSpecArgs(hard={**_NONE, **spec.quota}),
        opts=inside.options(),
    )
    limits = kubernetes.core.v1.LimitRange(
        inside.logical("limits"),
        metadata=inside.metadata("limits"),
        spec=kubernetes.core.v1.LimitRangeSpecArgs(
            limits=[
                kubernetes.core.v1.LimitRangeItemArgs(
                    type="Container", default=dict(_DEFAULT_RESOURCES), default_request=dict(_DEFAULT_RESOURCES)
                )
            ]
        ),
        opts=inside.options(),
    )
    policies = [*make_network_policies(NetworkSpec(), inside), *make_flow_policies(flows, inside)]
    return inside.depends_on(bounds, limits, *policies)
