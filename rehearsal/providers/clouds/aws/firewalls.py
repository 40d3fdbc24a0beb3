"""Security groups: what EC2 takes as one and as their rules, and whom they let in."""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, ip_network
from typing import Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind, same
from rehearsal.providers.clouds.store import Resource, Store

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
IN: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUT: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_RULE: Final = ("securityGroupId", "ipProtocol", "fromPort", "toPort")
_PEERS: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
# AWSEC2/latest/APIReference/API_CreateSecurityGroup.html, November 2026
_DESCRIPTION: Final = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
_ANYTHING: Final = "-1"


class SecurityGroup(Behaviour):
    """`ec2.SecurityGroup`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        if not _DESCRIPTION.fullmatch(str(new.outputs.get("description", "x"))):
            raise Refused(
                "said",
                reason="InvalidParameterValue: Invalid security group description. Valid descriptions are "
                "strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
            )
        if str(new.inputs.get("name", "")).startswith("sg-"):
            raise Refused("said", reason="InvalidParameterValue: Group name cannot start with sg-")


class SecurityGroupRule(OneOfAKind):
    """`vpc.SecurityGroupIngressRule` and `vpc.SecurityGroupEgressRule`: of a range without host bits, or of a group
    (terraform-provider-aws, ec2/vpc_security_group_ingress_rule.go, 2026)."""

    def __init__(self) -> None:
        super().__init__(same(*_RULE, *_PEERS), "InvalidPermission.Duplicate: the specified rule already exists")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        super().accept(old, new, store)
        check_range(new.inputs.get("cidrIpv4"))
        peer = new.inputs.get("referencedSecurityGroupId")
        if peer and not re.fullmatch(r"(\d{12}/)?sg-[\w-]+", peer):
            raise Refused("said", reason=f'InvalidGroupId.Malformed: Invalid id: "{peer}" (expecting "sg-...")')


def check_range(given: str | None) -> None:
    """Refused for a range with bits beyond its prefix."""
    if given and str(network := ip_network(given, strict=False)) != given:
        raise Refused("said", reason=f'"{given}" is not a valid IPv4 CIDR block; did you mean "{network}"?')


def lets_in(groups: Iterable[str], port: int, who: IPv4Network | str, store: Store) -> bool:
    """Whether one of the groups lets a range, or a group (its id), reach a TCP port."""
    return any(_passes(rule, port, who) for group in groups for rule in _of(IN, group, store))


def lets_out(groups: Iterable[str], port: int, where: IPv4Network | str, store: Store) -> bool:
    """Whether one of the groups lets its members reach a TCP port of a range, or of a group (its id)."""
    return any(_passes(rule, port, where) for group in groups for rule in _of(OUT, group, store))


def _of(type_: str, group: str, store: Store) -> list[Resource]:
    return [each for each in store.all(type_) if each.inputs["securityGroupId"] == group]


def _passes(rule: Resource, port: int, peer: IPv4Network | str) -> bool:
    given: Mapping[str, str | int | None] = rule.inputs
    protocol = str(given["ipProtocol"])
    if protocol != _ANYTHING and not (
        protocol == "tcp" and int(given["fromPort"] or 0) <= port <= int(given["toPort"] or 0)
    ):
        return False
    if isinstance(peer, str):
        return given.get("referencedSecurityGroupId") == peer
    own = given.get("cidrIpv4")
    return bool(own) and peer.subnet_of(IPv4Network(str(own)))


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {GROUP: SecurityGroup(), IN: SecurityGroupRule(), OUT: SecurityGroupRule()}
