"""The Gateway API's definitions, which belong to whichever add-on comes first of those that need them."""

from dataclasses import replace
from typing import Final

import pulumi

from components.addons.bundles import load
from components.contract import Cluster
from components.naming import component_type
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_OWNERS: Final = {"Ingress": "ingress", "LoadBalancing": "load-balancing"}


def make_gateway_api(cluster: Cluster, place: Place) -> list[ManifestObject]:
    """Register them, unless the cloud keeps them in the cluster. Those that another add-on had are taken over."""
    if cluster.brings_gateway_api:
        return []
    within = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}"
    before = [pulumi.Alias(parent=f"{within}::{component_type('addons', kind)}::{n}") for kind, n in _OWNERS.items()]
    whole, more = replace(place, namespace=""), pulumi.ResourceOptions(aliases=before)
    return [ManifestObject(each, whole, more=more) for each in load("gateway-api")]
