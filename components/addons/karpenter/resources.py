"""Karpenter as upstream renders it, and the one pool of machines (karpenter.sh/v1, karpenter.k8s.aws/v1)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from components.addons.addon import InstallContext
from components.addons.bundles import load
from components.addons.karpenter.spec import METRICS, KarpenterSpec
from components.addons.rendered import Manifest, configure_deployment, register
from components.addons.workloads import scraped
from components.facilities import KarpenterConfig
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_NAME: Final = "karpenter"
_SIZES: Final = {"controller": (250, 1024)}
_POOL: Final = "general"
_DRAIN: Final = {"pulumi.com/deletionPropagationPolicy": "foreground"}  # the pool is gone when its machines are


def create_resources(spec: KarpenterSpec, context: InstallContext, place: Place) -> None:
    """Karpenter, then its pool: every machine that Karpenter made goes with the pool, before Karpenter itself does."""
    config = context.cluster.facility(KarpenterConfig)
    identity = context.cluster.identity_for(f"{place.namespace}/{_NAME}", config.grants)
    assert not identity.annotations, "pods get their identity by EKS Pod Identity"
    kinds = load("karpenter-kinds")
    objects = [each for each in load("karpenter") if each["metadata"].get("namespace") in (None, place.namespace)]
    for each in objects:
        if each["kind"] == "Deployment":
            _configure(configure_deployment(each, context.replicas, _SIZES), context.cluster.name, config)
    # By themselves, and not with the cluster: their machines are outside of it.
    registered = register([*kinds, *objects], place.depends_on(*identity.after))
    running = replace(place.depends_on(*registered), namespace="", deleted_with=None)
    node_class = ManifestObject(_node_class(spec, config.node), running)
    ManifestObject(node_pool(spec), running.depends_on(node_class))


def _configure(deployment: Manifest, cluster: str, config: KarpenterConfig) -> None:
    """Name the cluster and the queue; the address of the cluster's DNS, which it would look up, is for kubenet only."""
    template = deployment["spec"]["template"]
    template["metadata"]["annotations"] = dict(scraped(METRICS))
    (container,) = template["spec"]["containers"]
    given = {"CLUSTER_NAME": cluster, "INTERRUPTION_QUEUE": config.queue}
    for variable in container["env"]:
        variable["value"] = given.pop(variable["name"], variable.get("value"))
    assert not given, f"upstream calls {', '.join(given)} something else now"
    container["env"] = [{key: value for key, value in each.items() if value is not None} for each in container["env"]]


def _node_class(spec: KarpenterSpec, node: Mapping[str, Any]) -> Manifest:
    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": _POOL},
        "spec": {**node, "amiSelectorTerms": [{"alias": f"{spec.image}@latest"}]},
    }


def node_pool(spec: KarpenterSpec) -> Manifest:
    """The pool: what machines may be, when they are given back, and how much they may be together."""
    choices = {
        "karpenter.sh/capacity-type": spec.capacity,
        "kubernetes.io/arch": spec.architectures,
        "kubernetes.io/os": ("linux",),
        "karpenter.k8s.aws/instance-category": spec.families,
    }
    requirements = [{"key": key, "operator": "In", "values": list(values)} for key, values in choices.items()]
    node_class = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": _POOL}
    consolidation = {
        "consolidationPolicy": "WhenEmptyOrUnderutilized",
        "consolidateAfter": f"{spec.empty_after_minutes}m",
    }
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": _POOL, "annotations": _DRAIN},
        "spec": {
            "template": {"spec": {"nodeClassRef": node_class, "requirements": requirements}},
            "disruption": consolidation,
            "limits": {"cpu": str(spec.cpu), "memory": str(spec.memory)},
        },
    }
