"""Roles of AWS and what they allow: shared by the network and the cluster in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import iam

from components.cloud import CloudPlace

_VERSION: Final = "2012-10-17"
MANAGED: Final = "arn:aws:iam::aws:policy/"
"""What the ARNs of Amazon's own policies begin with."""


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document as text."""
    return json.dumps({"Version": _VERSION, "Statement": list(statements)})


def statement(actions: Sequence[str], on: str | list[str], when: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A statement that allows `actions` on the ARNs `on`, under the condition `when`."""
    allowed: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return allowed | ({"Condition": when} if when else {})


@dataclass(frozen=True)
class ServiceRole:
    """A role, and what has to be there before it can do what it is for."""

    role: iam.Role
    rights: Sequence[pulumi.Resource]

    @property
    def arn(self) -> pulumi.Output[str]:
        return self.role.arn


def service_role(
    name: str,
    service: str,
    place: CloudPlace,
    policies: Sequence[str] = (),
    actions: Sequence[str] = ("sts:AssumeRole",),
) -> ServiceRole:
    """A role that a service of AWS takes, with `policies` (ARNs) attached to it."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    role = iam.Role(
        name,
        assume_role_policy=document(trust),
        force_detach_policies=True,  # also what others have attached, such as Systems Manager to the roles of machines
        tags=place.tagged(name),
        opts=place.options(),
    )
    rights = [attach(f"{name}-{policy.rpartition('/')[2]}", role, policy, place) for policy in policies]
    return ServiceRole(role, rights)


def attach(name: str, role: iam.Role, policy: pulumi.Input[str], place: CloudPlace) -> iam.RolePolicyAttachment:
    """Give `role` what the policy (an ARN) allows."""
    return iam.RolePolicyAttachment(name, role=role.name, policy_arn=policy, opts=place.options())


def allow(name: str, role: iam.Role, policy: pulumi.Input[str], place: CloudPlace) -> iam.RolePolicy:
    """Let `role` do what the document `policy` says."""
    return iam.RolePolicy(name, role=role.name, policy=policy, opts=place.options())
