"""Istio's objects in their order: what each stage makes is there and ready before the next one begins."""

from dataclasses import replace
from typing import Any, Final

from pulumi_kubernetes.core.v1 import (
    ResourceQuota,
    ResourceQuotaSpecArgs,
    ScopedResourceSelectorRequirementArgs,
    ScopeSelectorArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from components.addons.addon import Created, InstallContext
from components.addons.bundles import load
from components.addons.ingress.spec import IngressSpec
from components.addons.istio.east_west import make_gateway
from components.addons.istio.mesh import mesh_objects
from components.addons.istio.multi import make_access, make_authority, make_peer
from components.addons.istio.overlay import Choices, laid_over
from components.addons.istio.spec import IstioSpec
from components.addons.rendered import stages
from components.addons.tracing.spec import TracingSpec
from components.platform.manifests import ManifestObject
from components.platform.place import Place

# istiod puts its certificate there, and lets the API server insist on its answer once it can give one.
_ISTIODS_OWN: Final = ["webhooks[*].clientConfig.caBundle", "webhooks[*].failurePolicy"]


def create_resources(spec: IstioSpec, context: InstallContext, place: Place, agents: Place) -> Created:
    """istiod in `place`, the network plugin in `agents`, the mesh's defaults last.

    The outputs are for other clusters of its mesh.
    """
    cluster = context.cluster
    ingress = context.selection.get(IngressSpec)
    traced, classic = TracingSpec in context.selection, ingress is not None and ingress.has_classic
    choices = Choices(spec, context.replicas, traced, cluster.network_plugins, cluster.name, classic)
    given: dict[str, Any] = {}
    if spec.mesh:
        authority, given["root"] = make_authority(spec.mesh, cluster.name, place)
        place = place.depends_on(authority)
    objects = [changed for each in _rendered(spec) if (changed := laid_over(each, choices))]
    places = {each.namespace: each for each in (replace(place, namespace=""), place, agents)}
    before: list[ManifestObject] = []
    for stage in stages(objects):
        before += [
            ManifestObject(
                each,
                places[each["metadata"].get("namespace", "")].depends_on(*before),
                ignore=_ISTIODS_OWN if "webhooks" in each else (),
            )
            for each in stage
        ]
    there = place.depends_on(*before)
    for each in mesh_objects(spec, traced=choices.traced):
        ManifestObject(each, there)
    if spec.mesh:
        given["access"] = make_access(cluster, there)
        for stack in spec.mesh.peers:
            make_peer(stack, there)
        make_gateway(spec.mesh, context, there)
    _allow_critical_pods(agents)
    if context.replicas > 1:
        for each in objects:
            if each["kind"] == "Deployment":
                _make_disruption_budget(each, place)
    return Created(outputs=given)


def _rendered(spec: IstioSpec) -> list[dict[str, Any]]:
    """The objects of all bundles: what two have is the first one's, but for definitions, which are the newest ones'."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for bundle in spec.bundles:
        for each in load(bundle):
            metadata = each["metadata"]
            key = each["kind"], metadata.get("namespace", ""), metadata["name"]
            if key not in found or each["kind"] == "CustomResourceDefinition":
                found[key] = each
    return list(found.values())


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


def _make_disruption_budget(istiod: dict[str, Any], place: Place) -> None:
    name, labels = istiod["metadata"]["name"], istiod["spec"]["template"]["metadata"]["labels"]
    selected = istiod["spec"]["selector"]["matchLabels"] | {"app": labels["app"]}
    PodDisruptionBudget(
        place.logical(name),
        metadata=place.metadata(name),
        spec=PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=LabelSelectorArgs(match_labels=selected)),
        opts=place.options(),
    )
