"""Names that must not move: labels, logical resource names, component types.

A logical name is part of a resource's URN, and a changed URN is a replacement; so every name that another
file relies on is made here. tests/golden holds the resulting URNs of the example stacks.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

PROJECT: Final = "polykube"
DOMAIN: Final = "polykube.dev"

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
TENANT_LABEL: Final = f"{DOMAIN}/tenant"
NODE_POOL_LABEL: Final = f"{DOMAIN}/node-pool"
MACHINE_GROUP_LABEL: Final = f"{DOMAIN}/machine-group"
GENERATION_LABEL: Final = f"{DOMAIN}/generation"
SANDBOX_LABEL: Final = f"{DOMAIN}/sandbox"
"""The label, and the taint, of nodes whose pods run in a sandbox of this name."""

# Of the clouds' resources. Azure allows no / in a tag's name, Google Cloud neither / nor . in a label's.
CLUSTER_TAG: Final = f"{PROJECT}-cluster"
MANAGED_BY_TAG: Final = "managed-by"
NAME_LABEL: Final = "app.kubernetes.io/name"


HASH: Final = 6
"""Characters of a hash in a name, which tell a thing from the one that replaces it, or a short name from its like."""


def digest(facts: Mapping[str, Any]) -> str:
    """A hash that changes with any of `facts`, to be part of a name."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:HASH]


def shortened(name: str, longest: int) -> str:
    """`name`, or what fits of it and a hash of all of it: for names that are polykube's own to choose."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - HASH - 1].rstrip('-')}-{digest({'name': name})}"


def selector(name: str) -> dict[str, str]:
    """The labels by which the pods of the workload `name` of an add-on are found."""
    return {NAME_LABEL: name}


def component_type(room: str, name: str) -> str:
    """The type token of a component: `polykube:clusters:Local`."""
    return f"{PROJECT}:{room}:{name}"
