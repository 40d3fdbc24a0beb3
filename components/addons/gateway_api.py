"""The Gateway API's definitions, which belong to whichever add-on comes first of those that need them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pulumi

from components.addons.base import AddOnBase, AddOnSpec, Site
from components.addons.bundles import load
from components.addons.cert_manager import CertManager, CertManagerSpec
from components.addons.ingress import Ingress
from components.addons.load_balancing import LoadBalancing
from components.naming import component_type
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_OWNERS: Final = (CertManager, LoadBalancing, Ingress)


def make_gateway_api(add_on: type[AddOnBase], site: Site, place: Place) -> list[ManifestObject]:
    """Register them for `add_on`, unless they are another's or the cloud's. What another one had is taken over."""
    if site.cluster.brings_gateway_api or _owner(site.chosen) is not add_on:
        return []
    within = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}"
    before = [
        pulumi.Alias(parent=f"{within}::{component_type('addons', each.__name__)}::{each.name}") for each in _OWNERS
    ]
    whole, more = replace(place, namespace=""), pulumi.ResourceOptions(aliases=before)
    return [ManifestObject(each, whole, more=more) for each in load("gateway-api")]


def _owner(chosen: Mapping[type[AddOnBase], AddOnSpec]) -> type[AddOnBase]:
    authorities = chosen.get(CertManager)
    if isinstance(authorities, CertManagerSpec) and authorities.by_http:
        return CertManager
    return LoadBalancing if LoadBalancing in chosen else Ingress
