"""Where an object goes: the same labels, names and options for everything that the platform registers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi
import pulumi_kubernetes as kubernetes

from components import naming

# Objects that nothing depends on are deleted without the garbage collector, whose queue is what makes a
# destroy slow (docs/performance.md).
LEAF_ANNOTATIONS = {"pulumi.com/deletionPropagationPolicy": "background"}


@dataclass(frozen=True)
class Place:
    """A spot in the resource tree, and a namespace or (when empty) the cluster itself.

    What is placed here depends on `dependencies`, and is not deleted by itself when `deleted_with` is.
    """

    parent: pulumi.Resource
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    dependencies: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None

    def depends_on(self, *resources: pulumi.Resource) -> "Place":
        """The same place, for what depends on `resources` as well."""
        return replace(self, dependencies=(*self.dependencies, *resources))

    def logical(self, name: str) -> str:
        """The logical name of the object `name`: `shop/quota`, or the bare name for the cluster's own."""
        return f"{self.namespace}/{name}" if self.namespace else name

    def metadata(
        self,
        name: str,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, pulumi.Input[str]] | None = None,
    ) -> "kubernetes.meta.v1.ObjectMetaArgs":
        """The metadata of an object that nothing else depends on; `labels` and `annotations` come on top."""
        return kubernetes.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self.namespace or None,
            labels={naming.MANAGED_BY_LABEL: naming.PROJECT, **self.labels, **(labels or {})},
            annotations={**LEAF_ANNOTATIONS, **(annotations or {})},
        )

    def options(self) -> pulumi.ResourceOptions:
        """The options of an object in this place."""
        return pulumi.ResourceOptions(
            parent=self.parent, depends_on=list(self.dependencies), deleted_with=self.deleted_with
        )
