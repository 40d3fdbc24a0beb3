"""Rights on zones of Route 53 (docs.aws.amazon.com/Route53/latest/DeveloperGuide/access-control-overview.html)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pulumi_aws import iam

from components.cloud import CloudPlace
from components.contract import Grant
from components.facilities import PROVER, Dns
from components.networks.aws_iam import document, statement

_TYPES: Final = "route53:ChangeResourceRecordSetsRecordTypes"


def make_dns(region: str, place: CloudPlace) -> Dns:
    """Route 53, which each user gets a policy for."""

    def grants_for(user: str, zones: Sequence[str]) -> Sequence[Grant]:
        name = f"{place.cluster}-{user}-dns"
        policy = iam.Policy(name, policy=records_policy(user, zones), tags=place.tagged(name), opts=place.options())
        return [Grant(policy.arn)]

    return Dns("aws", {"region": region}, grants_for)


def records_policy(user: str, zones: Sequence[str]) -> str:
    """What `user` may do to the records of `zones`, ids of Route 53; a proof is a TXT record (RFC 8555, 8.4)."""
    arns = [f"arn:aws:route53:::hostedzone/{zone}" for zone in zones]
    change, see = ("route53:ChangeResourceRecordSets",), ("route53:ListResourceRecordSets",)
    if user == PROVER:
        return document(
            statement(change, arns, {"ForAllValues:StringEquals": {_TYPES: ["TXT"]}}),
            statement(see, arns),
            statement(("route53:GetChange",), "arn:aws:route53:::change/*"),
        )
    return document(
        statement((*change, *see, "route53:ListTagsForResources"), arns),
        statement(("route53:ListHostedZones",), "*"),  # Route 53 allows this for all or for none
    )
