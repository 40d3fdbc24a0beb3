"""A VPC in the stack file, and what AWS refuses of one, by its API references of November 2026."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema

from components.networks.address_plan import LARGEST_PREFIX, overlaps
from spec.model import Many, StackModel, refused, same_twice
from spec.problems import Code, Finding, KeyPath, listed
from spec.values import Ipv4Cidr

# AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTION: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545)
_YEARS: Final = (731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def _retention(days: int) -> int:
    allowed = (*_RETENTION, *_YEARS)
    if days in allowed:
        return days
    nearest = next((each for each in allowed if each > days), allowed[-1])
    found = Finding(Code.NOT_ALLOWED, str(days), listed([str(each) for each in allowed]), f"Write {nearest}.")
    raise refused(found)


LogDays: TypeAlias = Annotated[
    int, AfterValidator(_retention), WithJsonSchema({"type": "integer", "enum": [*_RETENTION, *_YEARS]})
]
"""Days for which CloudWatch keeps logs."""

# CreateCluster, KubernetesNetworkConfigRequest.serviceIpv4Cidr
_SERVICES_PREFIXES: Final = range(12, 25)
PRIVATE: Final = tuple(IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""Ranges for private networks (RFC 1918), which those of Services are in."""
UNUSABLE: Final = tuple(IPv4Network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
"""What no interface can have (CreateVpc: InvalidVpc.Range)."""
EndpointService: TypeAlias = Literal[
    "autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "logs", "sqs", "ssm", "sts"
]


class AwsNetworkSpec(StackModel):
    """A VPC with a private and a public subnet in each zone; nodes and pods are in the private ones."""

    range: Ipv4Cidr = Field(
        default=IPv4Network("10.0.0.0/16"),
        description="The VPC's addresses, for nodes and pods alike. A quarter goes to each zone.",
    )
    services: Ipv4Cidr = Field(default=IPv4Network("172.20.0.0/16"), description="The addresses of Services.")
    nat: Literal["per-zone", "single"] = Field(
        default="per-zone",
        description="NAT gateways for what goes out. One for each zone, because with a single one all zones lose the "
        "internet with its zone; a single one costs a third.",
    )
    flow_log_days: LogDays | None = Field(
        default=30, description="How long records of all connections are kept, for whoever investigates."
    )
    private_endpoints: Many[EndpointService] = Field(
        default=(),
        description="AWS services that are reached without NAT, by an interface in each zone that costs by the hour. "
        "S3 is reached so in any case, which is free.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("endpoint", "privateEndpoints", self.private_endpoints, str, key="")
        if self.range.prefixlen > LARGEST_PREFIX:
            allowed = f"/16 to /{LARGEST_PREFIX}"
            yield Finding(Code.BAD_CIDR, str(self.range), allowed, "Take a larger range.", at=("range",))
        elif self.range.prefixlen < 16:  # noqa: PLR2004 - the largest that a VPC can have
            first = next(self.range.subnets(new_prefix=16))
            remedy = f"Write {first}, if a VPC of that size is enough."
            yield Finding(Code.BAD_CIDR, str(self.range), f"/16 to /{LARGEST_PREFIX}", remedy, at=("range",))
        else:
            yield from _range_findings(self.range)
        if isinstance(self.services, IPv4Network):
            yield from _service_findings(self.services)
        ranges: dict[KeyPath, IPv4Network] = {("range",): self.range, ("services",): self.services}
        yield from overlaps(ranges)


def _service_findings(services: IPv4Network) -> Iterator[Finding]:
    """A finding when Services cannot have these addresses, relative to the network."""
    blocks = f"/12 to /24 within {listed([str(each) for each in PRIVATE])}"
    if services.prefixlen not in _SERVICES_PREFIXES or not any(services.subnet_of(each) for each in PRIVATE):
        remedy = "Write 172.20.0.0/16, say."
        yield Finding(Code.BAD_CIDR, str(services), blocks, remedy, at=("services",))


def _range_findings(network: IPv4Network) -> Iterator[Finding]:
    """A finding when a VPC cannot have these addresses, relative to the network."""
    for each in UNUSABLE:
        if network.overlaps(each):
            remedy = "Write a range within 10.0.0.0/8, say."
            yield Finding(Code.BAD_CIDR, str(network), f"a range apart from {each}", remedy, at=("range",))
