"""What upstream's renderings have in common: an order in which to register them, and what every workload gets.

A field that upstream has moved is a KeyError, not ignored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from components.addons.workloads import CPU_BURST
from components.naming import MANAGED_BY_LABEL, PROJECT
from components.platform.manifests import ManifestObject
from components.platform.place import LEAF_ANNOTATIONS, Place

Manifest = dict[str, Any]

# Whatever is of no kind named here is what workloads need: accounts, rights, configuration.
_STAGES: Final = (
    ("CustomResourceDefinition",),
    (),
    ("Deployment", "DaemonSet"),
    ("HorizontalPodAutoscaler",),
    ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"),
)
_AUTHORITY: Final = ["webhooks[*].clientConfig.caBundle"]  # an operator puts its own there


def register(objects: Sequence[Manifest], place: Place) -> list[ManifestObject]:
    """Register `objects`, each stage when the one before it is there and ready.

    What is in the place's namespace is put there, and everything else beside it.
    """
    before: list[ManifestObject] = []
    for stage in stages(objects):
        before += [_register(each, place.depends_on(*before)) for each in stage]
    return before


def stages(objects: Sequence[Manifest]) -> Iterator[list[Manifest]]:
    """`objects` in the order in which they are registered."""
    named = {kind for kinds in _STAGES for kind in kinds}
    for kinds in _STAGES:
        yield [each for each in objects if (each["kind"] in kinds if kinds else each["kind"] not in named)]


def _register(manifest: Manifest, place: Place) -> ManifestObject:
    metadata = manifest["metadata"]
    metadata.setdefault("labels", {})[MANAGED_BY_LABEL] = PROJECT
    if "template" not in manifest.get("spec", {}):
        metadata.setdefault("annotations", {}).update(LEAF_ANNOTATIONS)
    where = place if metadata.get("namespace") == place.namespace else replace(place, namespace="")
    return ManifestObject(manifest, where, ignore=_AUTHORITY if "webhooks" in manifest else ())


def configure_deployment(workload: Manifest, replicas: int, sizes: Mapping[str, tuple[int, int]]) -> Manifest:
    """A Deployment with `replicas` that keep off each other's nodes, each container of a size.

    `sizes` are, by container, thousandths of a CPU and MiB.
    """
    workload["spec"]["replicas"] = replicas
    pod = workload["spec"]["template"]["spec"]
    for container in pod["containers"]:
        size(container, *sizes[container["name"]])
    pod["tolerations"] = [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
    spread(workload)
    return workload


def size(container: Manifest, cpu: int, memory: int) -> None:
    """Requests and limits, in thousandths of a CPU and MiB.

    Without limits, those of the namespace's LimitRange would be less than the requests.
    """
    container["resources"] = {
        "requests": {"cpu": f"{cpu}m", "memory": f"{memory}Mi"},
        "limits": {"cpu": f"{cpu * CPU_BURST}m", "memory": f"{memory}Mi"},
    }


def spread(workload: Manifest) -> None:
    """Keep its pods off each other's nodes, as far as there are nodes."""
    workload["spec"]["template"]["spec"]["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": workload["spec"]["selector"],
        }
    ]


def make_disruption_budget(workload: Manifest, place: Place) -> None:
    """Let one of the workload's pods go at a time."""
    name = workload["metadata"]["name"]
    labels = LabelSelectorArgs(match_labels=workload["spec"]["selector"]["matchLabels"])
    PodDisruptionBudget(
        place.logical(name),
        metadata=place.metadata(name),
        spec=PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=labels),
        opts=place.options(),
    )
