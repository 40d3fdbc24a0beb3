"""What keeps a protected stack whole when somebody destroys it, or takes a tenant out of the file.

The engine deletes what nothing depends on first, and looks whether a resource is protected when its turn comes; what
that one depends on stays (pulumi, pkg/resource/deploy: DeleteStep.Apply, performPostSteps; v3.259). A protected cluster
is thus found when all that is in it is gone, whereas something that depends on everything is found before anything is.
"""

from collections.abc import Sequence

import pulumi

from components.naming import component_type


class Protection(pulumi.ComponentResource):
    """Goes before everything in `kept`, or, with `protect`, keeps the engine from deleting any of it."""

    def __init__(self, name: str, kept: Sequence[pulumi.Resource], *, protect: bool) -> None:
        options = pulumi.ResourceOptions(depends_on=list(kept), protect=protect)
        super().__init__(component_type("stacks", "Protection"), name, opts=options)
        self.register_outputs({})
