"""The definitions, which used to be children of whichever add-on came first of those that depend on them."""

from typing import Final

import pulumi

from components.addons.bundles import load
from components.naming import component_type
from components.platform.manifests import ManifestObject
from components.platform.place import Place

_FORMER_PARENTS: Final = {"CertManager": "cert-manager", "LoadBalancing": "load-balancing", "Ingress": "ingress"}


def create_resources(place: Place) -> None:
    """The definitions; those that stacks have already keep being the same ones."""
    within = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}"
    aliases = [
        pulumi.Alias(parent=f"{within}::{component_type('addons', kind)}::{name}")
        for kind, name in _FORMER_PARENTS.items()
    ]
    for each in load("gateway-api"):
        ManifestObject(each, place, more=pulumi.ResourceOptions(aliases=aliases))
