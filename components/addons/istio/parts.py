"""Istio's objects in their order: what each stage makes is there and ready before the next one begins."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pulumi_kubernetes.core.v1 import (
    ResourceQuota,
    ResourceQuotaSpecArgs,
    ScopedResourceSelectorRequirementArgs,
    ScopeSelectorArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from components.addons.bundles import load
from components.addons.istio.mesh import mesh_objects
from components.addons.istio.overlay import Choices, laid_over
from components.addons.tracing import Tracing
from components.platform.manifests import ManifestObject
from components.platform.place import Place

if TYPE_CHECKING:
    from components.addons.base import Site
    from components.addons.istio import IstioSpec

# Whatever is of no kind named here is what workloads need: accounts, rights, configuration.
_STAGES: Final = (
    ("CustomResourceDefinition",),
    (),
    ("Deployment", "DaemonSet"),
    ("HorizontalPodAutoscaler",),
    ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
)
# istiod puts its certificate there, and lets the API server insist on its answer once it can give one.
_ISTIODS_OWN: Final = ["webhooks[*].clientConfig.caBundle", "webhooks[*].failurePolicy"]


def make_parts(spec: "IstioSpec", site: "Site", place: Place, agents: Place) -> None:
    """Register all of it: istiod in `place`, the network plugin in `agents`, the mesh's defaults last."""
    choices = Choices(spec, site.replicas, Tracing in site.installed, site.cluster.network_plugins)
    objects = [changed for each in load(spec.bundle) if (changed := laid_over(each, choices))]
    places = {each.namespace: each for each in (replace(place, namespace=""), place, agents)}
    before: list[ManifestObject] = []
    for kinds in _STAGES:
        before += [
            ManifestObject(
                each,
                places[each["metadata"].get("namespace", "")].then(*before),
                ignore=_ISTIODS_OWN if "webhooks" in each else (),
            )
            for each in objects
            if _is_of(each, kinds)
        ]
    for each in mesh_objects(spec, traced=choices.traced):
        ManifestObject(each, place.then(*before))
    _allow_critical_pods(agents)
    if site.replicas > 1:
        _make_disruption_budget(place)


def _is_of(manifest: dict[str, Any], kinds: tuple[str, ...]) -> bool:
    named = {kind for stage in _STAGES for kind in stage}
    return manifest["kind"] in kinds if kinds else manifest["kind"] not in named


def _allow_critical_pods(place: Place) -> None:
    """GKE admits pods of the system's priority only where a quota is for them; elsewhere this bounds nothing more."""
    critical = ScopedResourceSelectorRequirementArgs(
        scope_name="PriorityClass", operator="In", values=["system-node-critical"]
    )
    ResourceQuota(
        place.logical("critical-pods"),
        metadata=place.metadata("critical-pods"),
        spec=ResourceQuotaSpecArgs(
            hard={"pods": "10k"}, scope_selector=ScopeSelectorArgs(match_expressions=[critical])
        ),
        opts=place.options(),
    )


def _make_disruption_budget(place: Place) -> None:
    PodDisruptionBudget(
        place.logical("istiod"),
        metadata=place.metadata("istiod"),
        spec=PodDisruptionBudgetSpecArgs(
            max_unavailable=1, selector=LabelSelectorArgs(match_labels={"app": "istiod", "istio": "pilot"})
        ),
        opts=place.options(),
    )
