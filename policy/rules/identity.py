"""Who may do what, on the clouds: workloads' identities, local accounts, rights over everything.

Input names: pulumi-aws 7.51, pulumi-gcp 10.2, pulumi-azure-native 3.29.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from policy.model.expectations import (
    Expect,
    Expectations,
    given,
    is_true,
    none_of,
    not_false,
    not_true,
    one_of,
    unmet,
    values_at,
)
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.model.stack import Stack
from policy.rules.control_plane import AKS, EKS, GKE

_POOL: Final = "gcp:container/nodePool:NodePool"
_NODE_IDENTITY: Final = "pods get the identity of their node"
_OWN_IDENTITY: Final[Expectations] = {
    GKE: (Expect("workloadIdentityConfig.workloadPool", given, _NODE_IDENTITY, "Set it to PROJECT.svc.id.goog."),),
    _POOL: (
        Expect(
            "nodeConfig.workloadMetadataConfig.mode", one_of(None, "GKE_METADATA"), _NODE_IDENTITY, "Set GKE_METADATA."
        ),
    ),
    AKS: (
        Expect("oidcIssuerProfile.enabled", is_true, _NODE_IDENTITY, "Set it to true."),
        Expect("securityProfile.workloadIdentity.enabled", is_true, _NODE_IDENTITY, "Set it to true."),
    ),
}
_AGENT: Final = "eks-pod-identity-agent"


@rule(
    id="workload-identity",
    category=Category.CLUSTER,
    why="any pod may then do what the node may",
    kinds={EKS, *_OWN_IDENTITY},
)
def workload_identity(subject: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Workloads have identities of their own in the cloud."""
    if subject.kind != EKS:
        if not subject.properties.get("enableAutopilot"):  # which has them in any case
            yield from unmet(subject, _OWN_IDENTITY)
        return
    agents = (it for it in stack.of_kind("aws:eks/addon:Addon") if it.properties.get("addonName") == _AGENT)
    if not any(stack.of_kind("aws:iam/openIdConnectProvider:OpenIdConnectProvider")) and not any(agents):
        yield RuleFinding(subject, "", _NODE_IDENTITY, f"Add the add-on {_AGENT}, or an OpenIdConnectProvider.")


_NO_RBAC: Final = "rights do not come from RBAC"
_LOCAL: Final = "there are credentials that the cloud does not know, and cannot take back"
_NO_LOCAL_AUTH: Final[Expectations] = {
    EKS: (
        Expect(
            "accessConfig.authenticationMode",
            one_of("API", "API_AND_CONFIG_MAP"),
            "who gets in stands in a ConfigMap that one mistake empties",
            "Set it to API.",
        ),
    ),
    GKE: (
        Expect("enableLegacyAbac", not_true, _NO_RBAC, "Set it to false."),
        Expect("masterAuth.clientCertificateConfig.issueClientCertificate", not_true, _LOCAL, "Set it to false."),
    ),
    AKS: (
        Expect("disableLocalAccounts", is_true, _LOCAL, "Set it to true."),
        Expect("enableRBAC", not_false, _NO_RBAC, "Set it to true."),
        Expect("aadProfile", given, _LOCAL, "State it, with managed true."),
    ),
}


@rule(
    id="no-local-auth",
    category=Category.CLUSTER,
    why="nobody can see or end such access in one place",
    kinds=_NO_LOCAL_AUTH,
)
def no_local_auth(cluster: Resource) -> Iterator[RuleFinding]:
    """People get into the cluster by the cloud's accounts and RBAC alone."""
    yield from unmet(cluster, _NO_LOCAL_AUTH)


_ALL_POWER: Final = "it grants every right"
_LEAST: Final = "Name the rights that are needed."
_ADMIN_POLICY: Final = "AdministratorAccess"
_GCP_ROLES: Final = ("roles/owner", "roles/editor")
_AZURE_ROLES: Final = (  # by id, the same in every tenant
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
    "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",  # User Access Administrator
)
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_AWS_ROLE: Final = "aws:iam/role:Role"
_DOCUMENTS: Final = {  # where policies stand as JSON
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    _AWS_ROLE: "inlinePolicies[].policy",
}
_STARS: Final[Expectations] = {
    _ATTACHMENT: (Expect("policyArn", lambda it: not str(it).endswith(f"/{_ADMIN_POLICY}"), _ALL_POWER, _LEAST),),
    _AWS_ROLE: (
        Expect("managedPolicyArns[]", lambda it: not str(it).endswith(f"/{_ADMIN_POLICY}"), _ALL_POWER, _LEAST),
    ),
    "gcp:projects/iAMMember:IAMMember": (Expect("role", none_of(*_GCP_ROLES), _ALL_POWER, _LEAST),),
    "azure-native:authorization:RoleAssignment": (
        Expect("roleDefinitionId", lambda it: str(it).rpartition("/")[2] not in _AZURE_ROLES, _ALL_POWER, _LEAST),
    ),
    "azure-native:authorization:RoleDefinition": (
        Expect("permissions[].actions[]", none_of("*"), _ALL_POWER, _LEAST),
        Expect("permissions[].dataActions[]", none_of("*"), _ALL_POWER, _LEAST),
    ),
}


@rule(
    id="iam-no-star",
    category=Category.CLUSTER,
    why="who takes it over owns the whole account",
    kinds={*_STARS, *_DOCUMENTS},
)
def iam_no_star(resource: Resource) -> Iterator[RuleFinding]:
    """Nobody is granted every right in the cloud."""
    if field := _DOCUMENTS.get(resource.kind):
        for path, document in values_at(resource.properties, field):
            for index, message in _stars_of(document):
                yield RuleFinding(resource, f"{path}.Statement[{index}]", message, _LEAST)
    yield from unmet(resource, _STARS)


def _stars_of(document: Any) -> Iterator[tuple[int, str]]:
    """Index and fault of each statement of an IAM policy that allows everything, of all services or of one."""
    if not document:
        return
    try:
        content = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return  # AWS says so
    for index, statement in enumerate(_listed(content.get("Statement"))):
        if statement.get("Effect") != "Allow":
            continue
        actions = [str(action) for action in _listed(statement.get("Action"))]
        everything = "*" in _listed(statement.get("Resource"))
        if "*" in actions or "*:*" in actions:
            yield index, _ALL_POWER
        elif statement.get("NotAction") is not None and everything:
            yield index, "it grants every right but a few"
        elif everything and (whole := [action for action in actions if action.endswith(":*")]):
            yield index, f"it grants {', '.join(whole)} on everything"


def _listed(value: Any) -> list[Any]:
    """IAM takes one item for a list of one."""
    if not value:
        return []
    return value if isinstance(value, list) else [value]
