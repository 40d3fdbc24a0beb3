"""The Gateway API's definitions, which belong to whichever add-on comes first of those that need them."""

from dataclasses import replace
from typing import Final

import pulumi

from components.addons.addon import InstallContext
from components.addons.bundles import load
from components.addons.cert_manager.spec import CertManagerSpec
from components.addons.ingress.spec import IngressSpec
from components.addons.load_balancing.spec import LoadBalancingSpec
from components.addons.spec import AddOnSpec, Selection
from components.naming import component_type
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_OWNERS: Final = {"CertManager": "cert-manager", "LoadBalancing": "load-balancing", "Ingress": "ingress"}


def make_gateway_api(add_on: type[AddOnSpec], context: InstallContext, place: Place) -> list[ManifestObject]:
    """Register them for `add_on`, unless they are another's or the cloud's. What another one had is taken over."""
    if context.cluster.brings_gateway_api or _owner(context.selection) is not add_on:
        return []
    within = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}"
    before = [
        pulumi.Alias(parent=f"{within}::{component_type('addons', kind)}::{name}") for kind, name in _OWNERS.items()
    ]
    whole, more = replace(place, namespace=""), pulumi.ResourceOptions(aliases=before)
    return [ManifestObject(each, whole, more=more) for each in load("gateway-api")]


def _owner(selection: Selection) -> type[AddOnSpec]:
    authorities = selection.get(CertManagerSpec)
    if authorities and authorities.by_http:
        return CertManagerSpec
    return LoadBalancingSpec if LoadBalancingSpec in selection else IngressSpec
