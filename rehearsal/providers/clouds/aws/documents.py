"""Policy documents that IAM and KMS do not take, and what of Amazon's own policies there is.

docs.aws.amazon.com/IAM/latest/UserGuide: reference_policies_grammar.html, reference_iam-quotas.html, November 2026.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.rules import flat
from rehearsal.providers.clouds.store import Resource, Store

_INLINE: Final = "aws:iam/rolePolicy:RolePolicy"
_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_TRUST, _MANAGED, _OF_A_ROLE = 2048, 6144, 10240  # characters without blanks
_SERVICE: Final = re.compile(r"[\w.-]+\.amazonaws\.com(\.cn)?")
_AMAZONS: Final = "arn:aws:iam::aws:policy/"
# Those that clusters and what is around them are given (aws-managed-policy/latest/reference, November 2026).
_THERE_ARE: Final = frozenset(
    [
        "AmazonEKSClusterPolicy",
        "AmazonEKSVPCResourceController",
        "AmazonEKSServicePolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonSSMManagedInstanceCore",
        "CloudWatchAgentServerPolicy",
        "ReadOnlyAccess",
        "AdministratorAccess",
        "PowerUserAccess",
        "service-role/AmazonEBSCSIDriverPolicy",
        "service-role/AmazonEFSCSIDriverPolicy",
    ]
)


class IamRole(Behaviour):
    """`iam.Role`: with a trust policy that says who may take it, and nothing else."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        text = str(new.inputs["assumeRolePolicy"])
        for statement in _statements(text, _TRUST):
            for name in ("Resource", "NotResource"):
                if name in statement:
                    raise _malformed(f"Has prohibited field {name}")
            for service in _services(statement):
                if not _SERVICE.fullmatch(service):
                    raise _malformed(f'Invalid principal in policy: "SERVICE":"{service}"')


class IamPolicy(Behaviour):
    """`iam.Policy`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_rights(str(new.inputs["policy"]), _MANAGED)


class InlinePolicy(Behaviour):
    """`iam.RolePolicy`: all those of a role have room together."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        others = (
            each for each in store.all(_INLINE) if each.inputs["role"] == new.inputs["role"] and each.id != new.id
        )
        _check_rights(
            str(new.inputs["policy"]), _OF_A_ROLE - sum(_length(str(each.inputs["policy"])) for each in others)
        )


class PolicyAttachment(Behaviour):
    """`iam.RolePolicyAttachment`: of policies that there are."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        arn = str(new.inputs["policyArn"])
        if arn.startswith(_AMAZONS) and arn.removeprefix(_AMAZONS) not in _THERE_ARE:
            raise Refused("said", reason=f"NoSuchEntity: Policy {arn} does not exist or is not attachable.")


class KmsKey(Behaviour):
    """`kms.Key`: symmetric ones rotate, and whoever makes one stays its administrator
    (terraform-aws-modules/terraform-aws-eks #1950, #2843; hashicorp/terraform-provider-aws #22895)."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        if new.inputs.get("enableKeyRotation") and not is_symmetric(new):
            raise Refused("said", reason=f"UnsupportedOperationException: {new.id} key spec is not valid for rotation")
        if not (text := new.inputs.get("policy")) or new.inputs.get("bypassPolicyLockoutSafetyCheck"):
            return
        actions = (action for each in _statements(text, 32768) for action in flat([each.get("Action", [])]))
        if not {"kms:*", "kms:Put*", "kms:PutKeyPolicy"} & set(actions):
            reason = "The new key policy will not allow you to update the key policy in the future."
            raise Refused("said", reason=f"MalformedPolicyDocumentException: {reason}")


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "aws:iam/role:Role": IamRole(),
    "aws:iam/policy:Policy": IamPolicy(),
    _INLINE: InlinePolicy(),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": PolicyAttachment(),
    "aws:kms/key:Key": KmsKey(),
}


def is_symmetric(key: Resource) -> bool:
    """Whether a key of KMS encrypts and decrypts with the same material."""
    given = {name: key.inputs.get(name) for name in ("customerMasterKeySpec", "keyUsage")}
    return given["customerMasterKeySpec"] in (None, "SYMMETRIC_DEFAULT") and given["keyUsage"] in (
        None,
        "ENCRYPT_DECRYPT",
    )


def _check_rights(text: str, longest: int) -> None:
    """Refused for a policy that says what somebody may do and is none, or is too long."""
    for statement in _statements(text, longest):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise _malformed("Policy document should not specify a principal.")
        resources = [str(each) for name in ("Resource", "NotResource") for each in flat([statement.get(name, [])])]
        if not resources:
            raise _malformed("Policy statement must contain resources.")
        for each in resources:
            if each != "*" and not each.startswith("arn:"):
                raise _malformed(f'Resource {each} must be in ARN format or "*".')


def _statements(text: str, longest: int) -> Iterator[Mapping[str, Any]]:
    try:
        content = json.loads(text)
    except ValueError:
        raise _malformed("Syntax errors in policy.") from None
    if content.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise _malformed(f"The policy must contain a valid version string: {content['Version']}")
    if _length(text) > longest:
        raise Refused("said", reason=f"LimitExceeded: Cannot exceed quota for PolicySize: {longest}")
    yield from flat([content.get("Statement", [])])


def _services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return list(flat([principal.get("Service", [])])) if isinstance(principal, Mapping) else []


def _length(text: str) -> int:
    return len(re.sub(r"\s", "", text))


def _malformed(reason: str) -> Refused:
    return Refused("said", reason=f"MalformedPolicyDocument: {reason}")
