"""Where a cloud's resource goes: the same parent, provider, tags and protection for all that a cluster is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi


@dataclass(frozen=True)
class CloudPlace:
    """A spot in the resource tree and in a cloud.

    `cluster` names the cluster, and begins the name of everything; `tags` go on all that can have tags;
    `protect` says whether what cannot be made again is kept from being deleted; `first` comes before all of it;
    `hooks` are asked when something could not be done.
    """

    cluster: str
    parent: pulumi.Resource
    provider: pulumi.ProviderResource
    tags: Mapping[str, str]
    protect: bool = False
    first: Sequence[pulumi.Resource] = ()
    hooks: pulumi.ResourceHookBinding | None = None

    def inside(self, parent: pulumi.Resource) -> "CloudPlace":
        """The same place, below `parent`."""
        return replace(self, parent=parent)

    def following(self, first: Sequence[pulumi.Resource]) -> "CloudPlace":
        """The same place, after `first`."""
        return replace(self, first=first)

    def tagged(self, name: str) -> dict[str, str]:
        """The tags, with the `Name` by which AWS shows a resource."""
        return {**self.tags, "Name": name}

    def options(
        self,
        *,
        keep: bool = False,
        after: Sequence[pulumi.Resource] = (),
        ignore_changes: Sequence[str] = (),
        new_first: bool | None = None,
    ) -> pulumi.ResourceOptions:
        """The options of a resource here; `keep` marks what cannot be made again.

        `ignore_changes` names properties that something else changes, such as an autoscaler. `new_first` says
        whether a replacement comes before what it replaces, or after it because the cloud takes no two of them; by
        itself a provider asks for the second where the program gives a name.
        """
        return pulumi.ResourceOptions(
            parent=self.parent,
            provider=self.provider,
            protect=True if keep and self.protect else None,
            depends_on=[*self.first, *after],
            ignore_changes=list(ignore_changes),
            delete_before_replace=None if new_first is None else not new_first,
            hooks=self.hooks,
        )
