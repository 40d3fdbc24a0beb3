"""Rights on zones of Route 53 (docs.aws.amazon.com/Route53/latest/DeveloperGuide/access-control-overview.html)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pulumi_aws import iam

from components.cloud import CloudPlace
from components.contract import Dns, Grant
from components.networks.aws_iam import document

_CHANGE: Final = ("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources")
_FIND: Final = ("route53:ListHostedZones", "route53:ListHostedZonesByName")  # Route 53 allows this for all or for none


def make_dns(user: str, zones: Sequence[str], region: str, place: CloudPlace) -> Dns:
    """A policy that allows `user` to change the records of `zones`, and to see when a change is everywhere."""
    name = f"{place.cluster}-{user}-dns"
    policy = iam.Policy(
        name,
        policy=document(
            {
                "Effect": "Allow",
                "Action": _CHANGE,
                "Resource": [f"arn:aws:route53:::hostedzone/{zone}" for zone in zones],
            },
            {"Effect": "Allow", "Action": "route53:GetChange", "Resource": "arn:aws:route53:::change/*"},
            {"Effect": "Allow", "Action": _FIND, "Resource": "*"},
        ),
        tags=place.tagged(name),
        opts=place.options(),
    )
    return Dns("aws", {"region": region}, [Grant(policy.arn)])
