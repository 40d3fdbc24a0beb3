"""cluster-autoscaler, of which one decides at a time, and its rights here and in the cloud.

Rights: cloudprovider/aws/examples/cluster-autoscaler-autodiscover.yaml of 1.36, in the groups that there still are. It
waits for all that it lists before it decides anything, so that one that is missing stops it without a word.
"""

from collections.abc import Sequence
from typing import Final

import pulumi_kubernetes.core.v1 as core
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.addon import InstallContext
from components.addons.cluster_autoscaler.spec import HTTP, RELEASES, ClusterAutoscalerSpec
from components.addons.workloads import Container, PodTemplate, make_deployment, make_service_account, scraped
from components.facilities import PoolScaling
from components.platform.place import Place

_NAME: Final = "cluster-autoscaler"
_READ: Final = ["get", "list", "watch"]
_SEEN: Final = {
    "": (
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "replicationcontrollers",
        "services",
    ),
    "apps": ("daemonsets", "replicasets", "statefulsets"),
    "batch": ("jobs",),
    "policy": ("poddisruptionbudgets",),
    "resource.k8s.io": ("deviceclasses", "resourceclaims", "resourceslices"),
    "storage.k8s.io": ("csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"),
}
_RULES: Final = (
    *(PolicyRuleArgs(api_groups=[group], resources=list(kinds), verbs=_READ) for group, kinds in _SEEN.items()),
    PolicyRuleArgs(api_groups=[""], resources=["nodes"], verbs=["update"]),  # taints, while it empties one
    PolicyRuleArgs(api_groups=[""], resources=["pods/eviction"], verbs=["create"]),
    PolicyRuleArgs(api_groups=[""], resources=["pods/status"], verbs=["update"]),
    PolicyRuleArgs(api_groups=[""], resources=["events"], verbs=["create", "patch"]),
)
_OWN: Final = (
    PolicyRuleArgs(api_groups=["coordination.k8s.io"], resources=["leases"], verbs=["create"]),
    PolicyRuleArgs(
        api_groups=["coordination.k8s.io"], resources=["leases"], resource_names=[_NAME], verbs=["get", "update"]
    ),
    PolicyRuleArgs(api_groups=[""], resources=["configmaps"], verbs=["create", "list", "watch"]),
    PolicyRuleArgs(
        api_groups=[""],
        resources=["configmaps"],
        resource_names=[f"{_NAME}-status"],
        verbs=["delete", "get", "update"],
    ),
)


def create_resources(spec: ClusterAutoscalerSpec, context: InstallContext, place: Place) -> None:
    """A Deployment with its rights, in the cluster and in the cloud."""
    scaling = context.cluster.facility(PoolScaling)
    identity = context.cluster.identity_for(f"{place.namespace}/{_NAME}", scaling.grants)
    container = Container(
        name=_NAME,
        image=f"registry.k8s.io/autoscaling/{_NAME}:v{RELEASES[context.cluster.version]}",
        cpu=100,
        memory=600,
        command=(f"/{_NAME}",),
        args=arguments(spec, scaling, place.namespace),
        ports={"http": HTTP},
        health="/health-check",
        environment=[core.EnvVarArgs(name=name, value=value) for name, value in scaling.environment.items()],
    )
    pods = PodTemplate(
        name=_NAME,
        containers=[container],
        service_account=_NAME,
        labels=identity.labels,
        annotations=scraped(HTTP),
    )
    make_deployment(pods, context.replicas, make_service_account(_NAME, _RULES, place, _OWN, identity))


def arguments(spec: ClusterAutoscalerSpec, scaling: PoolScaling, namespace: str) -> Sequence[str]:
    """What it is told. Pods with volumes of their node's do not keep it: such volumes are scratch space."""
    return (
        *scaling.arguments,
        f"--namespace={namespace}",
        f"--expander={spec.expander}",
        f"--scale-down-unneeded-time={spec.idle_minutes}m",
        f"--scale-down-utilization-threshold={spec.idle_below_percent / 100:g}",
        "--skip-nodes-with-local-storage=false",
    )
