"""Names that must not move: labels, logical resource names, component types.

A logical name is part of a resource's URN, and a changed URN is a replacement; so every name that another
file relies on is made here. tests/golden holds the resulting URNs of the example stacks.
"""

from typing import Final

PROJECT: Final = "polykube"
DOMAIN: Final = "polykube.dev"

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
TENANT_LABEL: Final = f"{DOMAIN}/tenant"
NODE_POOL_LABEL: Final = f"{DOMAIN}/node-pool"

# Of the clouds' resources. Azure allows no / in a tag's name, Google Cloud neither / nor . in a label's.
CLUSTER_TAG: Final = f"{PROJECT}-cluster"
MANAGED_BY_TAG: Final = "managed-by"
NAME_LABEL: Final = "app.kubernetes.io/name"


def selector(name: str) -> dict[str, str]:
    """The labels by which the pods of the workload `name` of an add-on are found."""
    return {NAME_LABEL: name}


def component_type(room: str, name: str) -> str:
    """The type token of a component: `polykube:clusters:Local`."""
    return f"{PROJECT}:{room}:{name}"
