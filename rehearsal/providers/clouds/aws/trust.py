"""Roles of IAM: which services may take them, and which of Amazon's policies they have."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.references import names
from rehearsal.providers.clouds.rules import flat
from rehearsal.providers.clouds.store import Resource, Store

_ROLE: Final = "aws:iam/role:Role"
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ASSUME: Final = "sts:AssumeRole"
_FOR_PODS: Final = ("pods.eks.amazonaws.com", (_ASSUME, "sts:TagSession"))


def check_trust(role: str, service: str, store: Store, says: str) -> None:
    """Refused with `says` when a service may not take the role with this ARN; nothing is known of others' roles."""
    if not _trusts(role, service, (_ASSUME,), store):
        raise Refused("refused", reason=says)


def check_pod_role(role: str, store: Store) -> None:
    """Refused when the agent of EKS Pod Identity could not take the role (terraform-provider-aws #41483, February 2025;
    aws/aws-cdk #31522)."""
    if not _trusts(role, *_FOR_PODS, store):
        reason = "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue"
        raise Refused("refused", reason=reason)


def attached(role: str, store: Store) -> set[str]:
    """What the policies that a role has are called; none for a role that others made."""
    known = {name for each in _found(role, store) for name in names(each)}
    grants = (each.inputs for each in store.all(_ATTACHMENT))
    return {str(each["policyArn"]).rpartition("/")[2] for each in grants if each.get("role") in known}


def is_ours(role: str, store: Store) -> bool:
    """Whether the stack has made the role, so that all of it is known."""
    return any(_found(role, store))


def _trusts(role: str, service: str, actions: Collection[str], store: Store) -> bool:
    for found in _found(role, store):
        allowed = [each for each in _statements(found) if service in _services(each)]
        return set(actions) <= {action for each in allowed for action in flat([each.get("Action", ())])}
    return True


def _found(role: str, store: Store) -> Iterator[Resource]:
    return (each for each in store.all(_ROLE) if role in names(each) and each.inputs.get("assumeRolePolicy"))


def _statements(role: Resource) -> Iterator[Mapping[str, Any]]:
    said = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    yield from (each for each in flat([said]) if each.get("Effect") == "Allow")


def _services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return list(flat([principal.get("Service", ())])) if isinstance(principal, Mapping) else []
