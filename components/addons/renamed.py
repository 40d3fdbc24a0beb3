"""Add-ons that have another name than before, of which stacks keep what they have."""

import pulumi
from pydantic.alias_generators import to_pascal

from components.naming import component_type


def former_options(name: str) -> pulumi.ResourceOptions:
    """Options for the component of an add-on that was called `name`: it and its children take the place of those.

    Each child gets an alias of its own. The one that the engine derives from the component's would have the former name
    where the child's begins with the present one, as in a namespace of that name it does (pulumi,
    pkg/resource/deploy/step_generator.go, inheritedChildAlias, v3.259).
    """
    kind = component_type("addons", to_pascal(name.replace("-", "_")))
    former = f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{kind}::{name}"

    def add_alias(given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not isinstance(given.resource, pulumi.CustomResource):
            return None
        alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(parent=former)])
        return pulumi.ResourceTransformationResult(given.props, pulumi.ResourceOptions.merge(given.opts, alias))

    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name, type_=kind)], transformations=[add_alias])
