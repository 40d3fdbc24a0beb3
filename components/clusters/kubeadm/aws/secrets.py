"""What only some may read, in AWS Secrets Manager: the authorities for control planes, the credential for people.

User data is no place for either: whoever may describe an instance or a launch template reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pulumi
from pulumi_aws import secretsmanager

from components.cloud import CloudPlace
from components.networks.aws_iam import document

READ: Final = "secretsmanager:GetSecretValue"
_KEPT: Final = 7  # days in which a deleted secret can be had back, the fewest that AWS gives but none


def make_secret(
    name: str, what: str, place: CloudPlace, *, policy: pulumi.Input[str] | None = None
) -> secretsmanager.Secret:
    """A secret without a value yet. Of a stack that may be thrown away it goes at once, and its name is free again."""
    return secretsmanager.Secret(
        f"{place.cluster}-{name}",
        name=f"{place.cluster}/{name}",
        description=what,
        policy=policy,
        recovery_window_in_days=_KEPT if place.protect else 0,
        tags=place.tagged(f"{place.cluster}-{name}"),
        opts=place.options(keep=True),
    )


def set_value(name: str, secret: secretsmanager.Secret, text: pulumi.Input[str], place: CloudPlace) -> pulumi.Resource:
    """Give a secret its value."""
    return secretsmanager.SecretVersion(
        f"{place.cluster}-{name}", secret_id=secret.id, secret_string=text, opts=place.options()
    )


def only_for(principals: Sequence[str]) -> str:
    """That nobody but these (ARNs) reads the secret, whatever rights others have in the account."""
    denied: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": READ,
        "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": sorted(principals)}},
    }
    return document(denied)
