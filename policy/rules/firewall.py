"""Firewalls of the clouds: nobody logs in to machines from just anywhere.

Input names: pulumi-aws 7.51, pulumi-gcp 10.2, pulumi-azure-native 3.29.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from policy.model.addresses import any_everybody, includes_port, means_everybody
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule

_SSH: Final = 22
_EVERY_PROTOCOL: Final = ("-1", "all", "tcp", "6", "*")
_BASTION: Final = "Name the ranges of those who need it, or use the cloud's session service."
Properties = Mapping[str, Any]


def _security_group(given: Properties) -> Iterator[str]:
    for index, entry in enumerate(given.get("ingress") or ()):
        if _aws_opens(entry, "protocol", (*(entry.get("cidrBlocks") or ()), *(entry.get("ipv6CidrBlocks") or ()))):
            yield f"ingress[{index}]"


def _security_group_rule(given: Properties) -> Iterator[str]:
    ranges = (*(given.get("cidrBlocks") or ()), *(given.get("ipv6CidrBlocks") or ()))
    if given.get("type") == "ingress" and _aws_opens(given, "protocol", ranges):
        yield "cidrBlocks"


def _ingress_rule(given: Properties) -> Iterator[str]:
    for key in ("cidrIpv4", "cidrIpv6"):
        if given.get(key) and _aws_opens(given, "ipProtocol", (given[key],)):
            yield key


def _aws_opens(rule: Properties, protocol_key: str, ranges: Iterable[Any]) -> bool:
    protocol = str(rule.get(protocol_key)).lower()
    if protocol not in _EVERY_PROTOCOL or not any_everybody(ranges):
        return False
    return protocol in ("-1", "all") or int(rule.get("fromPort") or 0) <= _SSH <= int(rule.get("toPort") or 0)


def _remote_access(given: Properties) -> Iterator[str]:
    access = given.get("remoteAccess") or {}
    if access.get("ec2SshKey") and not access.get("sourceSecurityGroupIds"):
        yield "remoteAccess.sourceSecurityGroupIds"


def _gcp_firewall(given: Properties) -> Iterator[str]:
    if given.get("direction") == "EGRESS" or given.get("disabled"):
        return
    ranges = given.get("sourceRanges")
    from_some = given.get("sourceTags") or given.get("sourceServiceAccounts")
    if any_everybody(ranges) if ranges else not from_some:
        for index, allowed in enumerate(given.get("allows") or ()):
            ports = allowed.get("ports") or ("*",)
            if str(allowed.get("protocol")).lower() in _EVERY_PROTOCOL and _includes_ssh(ports):
                yield f"allows[{index}]"


def _network_security_group(given: Properties) -> Iterator[str]:
    for index, entry in enumerate(given.get("securityRules") or ()):
        for path in _azure_rule(entry):
            yield f"securityRules[{index}].{path}"


def _azure_rule(given: Properties) -> Iterator[str]:
    if given.get("access") != "Allow" or given.get("direction") != "Inbound":
        return
    sources = (given.get("sourceAddressPrefix"), *(given.get("sourceAddressPrefixes") or ()))
    ports = (given.get("destinationPortRange"), *(given.get("destinationPortRanges") or ()))
    protocol = str(given.get("protocol")).lower()
    if protocol not in _EVERY_PROTOCOL or not _includes_ssh(port for port in ports if port):
        return
    if any(means_everybody(source) for source in sources if source):
        yield "sourceAddressPrefix"


def _includes_ssh(ports: Iterable[Any]) -> bool:
    return any(includes_port(port, _SSH) for port in ports)


_OPEN: Final[Mapping[str, Callable[[Properties], Iterator[str]]]] = {
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _security_group_rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
    "aws:eks/nodeGroup:NodeGroup": _remote_access,
    "gcp:compute/firewall:Firewall": _gcp_firewall,
    "azure-native:network:NetworkSecurityGroup": _network_security_group,
    "azure-native:network:SecurityRule": _azure_rule,
}


@rule(
    id="no-world-ssh",
    category=Category.CLUSTER,
    why="passwords and keys are tried against it day and night",
    kinds=_OPEN,
)
def no_world_ssh(resource: Resource) -> Iterator[RuleFinding]:
    """SSH is not open to the world."""
    for path in _OPEN[resource.kind](resource.properties):
        yield RuleFinding(resource, path, "port 22 is open to the world", _BASTION)
