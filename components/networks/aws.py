"""A VPC for an EKS cluster: a private and a public subnet in each zone, and how each gets out."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_aws import cloudwatch, ec2, vpc

from components.cloud import CloudPlace
from components.naming import component_type
from components.networks.address_plan import by_zone
from components.networks.aws_iam import allow, document, service_role, statement
from components.networks.aws_spec import AwsNetworkSpec

_EVERYWHERE: Final = "0.0.0.0/0"
_HTTPS: Final = 443
_WRITE_LOGS: Final = ("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams")


class AwsNetwork(pulumi.ComponentResource):
    """The network `cluster` in a region's `zones`; `private_subnets` and `public_subnets` are in the order of their
    names.

    Where the spec wants a single NAT gateway, it is in `nat_zone`.
    Tags tell the load balancer controllers which subnets are theirs
    (docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
    """

    def __init__(
        self, spec: AwsNetworkSpec, region: str, zones: tuple[str, ...], place: CloudPlace, *, nat_zone: str
    ) -> None:
        super().__init__(component_type("networks", "Aws"), place.cluster, opts=place.options())
        self._place = place.inside(self)
        self._region = region
        self.vpc = self._make_vpc(spec)
        plan = by_zone(spec.range, zones)
        self.public_subnets = public = [self._subnet("public", zone, str(each)) for zone, each in plan.public.items()]
        self.private_subnets = [self._subnet("private", zone, str(each)) for zone, each in plan.private.items()]
        self._route_public(public)
        tables = self._route_private(public, list(plan.private), nat_zone if spec.nat == "single" else "")
        self._gateway_endpoint(tables)
        self._interface_endpoints(spec)
        if spec.flow_log_days:
            self._log_flows(spec.flow_log_days)
        self.register_outputs({})

    def _called(self, *parts: str) -> str:
        return "-".join((self._place.cluster, *parts))

    def _make_vpc(self, spec: AwsNetworkSpec) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self._called(),
            cidr_block=str(spec.range),
            enable_dns_hostnames=True,  # private endpoints are found by name
            enable_dns_support=True,
            tags=self._place.tagged(self._called()),
            opts=self._place.options(keep=True),
        )
        name = self._called("default")  # the group that a VPC comes with, whose members may all talk; nothing uses it
        # The empty lists are said: what is not is left as it is (terraform-provider-aws #17569, #20697).
        tags = self._place.tagged(name)
        ec2.DefaultSecurityGroup(name, vpc_id=vpc.id, ingress=[], egress=[], tags=tags, opts=self._options())
        return vpc

    def _options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return self._place.options(after=after)

    def _subnet(self, side: str, zone: str, addresses: str) -> ec2.Subnet:
        name = self._called(side, zone)
        role = "kubernetes.io/role/internal-elb" if side == "private" else "kubernetes.io/role/elb"
        return ec2.Subnet(
            name,
            vpc_id=self.vpc.id,
            availability_zone=zone,
            cidr_block=addresses,
            map_public_ip_on_launch=False,
            tags={**self._place.tagged(name), role: "1"},
            opts=self._place.options(keep=True),
        )

    def _route_public(self, subnets: list[ec2.Subnet]) -> None:
        name = self._called("public")
        gateway = ec2.InternetGateway(name, vpc_id=self.vpc.id, tags=self._place.tagged(name), opts=self._options())
        table = ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self._place.tagged(name), opts=self._options())
        self._way_out = ec2.Route(
            name,
            route_table_id=table.id,
            destination_cidr_block=_EVERYWHERE,
            gateway_id=gateway.id,
            opts=self._options(),
        )
        self._associate(table, subnets)

    def _route_private(self, public: list[ec2.Subnet], zones: list[str], nat_zone: str) -> list[ec2.RouteTable]:
        """A route table for each zone, through its own NAT gateway or through the one in `nat_zone`."""
        gateways = {
            zone: self._nat_gateway(zone, outside)
            for zone, outside in zip(zones, public, strict=True)
            if nat_zone in ("", zone)
        }
        tables: list[ec2.RouteTable] = []
        for zone, inside in zip(zones, self.private_subnets, strict=True):
            name = self._called("private", zone)
            table = ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self._place.tagged(name), opts=self._options())
            ec2.Route(
                name,
                route_table_id=table.id,
                destination_cidr_block=_EVERYWHERE,
                nat_gateway_id=gateways[nat_zone or zone].id,
                opts=self._options(),
            )
            self._associate(table, [inside])
            tables.append(table)
        return tables

    def _associate(self, table: ec2.RouteTable, subnets: list[ec2.Subnet]) -> None:
        for subnet in subnets:
            ec2.RouteTableAssociation(
                subnet.pulumi_resource_name, route_table_id=table.id, subnet_id=subnet.id, opts=self._options()
            )

    def _nat_gateway(self, zone: str, subnet: ec2.Subnet) -> ec2.NatGateway:
        name = nat_name(self._place.cluster, zone)
        address = ec2.Eip(
            name, domain="vpc", tags=self._place.tagged(name), opts=self._options(self._way_out)
        )  # kept as long as the gateway: others allow it in their firewalls
        return ec2.NatGateway(
            name,
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags=self._place.tagged(name),
            # The address serves one gateway at a time (Resource.AlreadyAssociated).
            opts=self._place.options(after=[self._way_out], new_first=False),
        )

    def _gateway_endpoint(self, tables: list[ec2.RouteTable]) -> None:
        name = self._called("s3")
        ec2.VpcEndpoint(
            name,
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=self._place.tagged(name),
            opts=self._options(),
        )

    def _interface_endpoints(self, spec: AwsNetworkSpec) -> None:
        if not spec.private_endpoints:
            return
        group = ec2.SecurityGroup(
            self._called("endpoints"),
            description="HTTPS from the network to AWS services",
            vpc_id=self.vpc.id,
            tags=self._place.tagged(self._called("endpoints")),
            opts=self._options(),
        )
        vpc.SecurityGroupIngressRule(
            self._called("endpoints"),
            security_group_id=group.id,
            cidr_ipv4=str(spec.range),
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            tags=self._place.tagged(self._called("endpoints")),
            opts=self._options(),
        )
        for service in spec.private_endpoints:
            ec2.VpcEndpoint(
                self._called(service),
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{self._region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in self.private_subnets],
                security_group_ids=[group.id],
                tags=self._place.tagged(self._called(service)),
                opts=self._place.options(new_first=False),  # one endpoint has the service's name in the network's DNS
            )

    def _log_flows(self, days: int) -> None:
        name = self._called("flow-logs")
        logs = cloudwatch.LogGroup(
            name,
            name=f"/aws/vpc/{self._place.cluster}/flows",
            retention_in_days=days,
            tags=self._place.tagged(name),
            opts=self._options(),
        )
        writer = service_role(name, "vpc-flow-logs.amazonaws.com", self._place)
        writing = allow(name, writer.role, logs.arn.apply(flow_log_policy), self._place)
        ec2.FlowLog(
            name,
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination=logs.arn,
            iam_role_arn=writer.arn,
            tags=self._place.tagged(name),
            opts=self._place.options(after=[writing], new_first=False),  # FlowLogAlreadyExists: one to each log
        )


def nat_name(cluster: str, zone: str) -> str:
    """What the NAT gateway in a zone is called."""
    return f"{cluster}-nat-{zone}"


def flow_log_policy(group: str) -> str:
    """To write into the log group with this ARN (docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html)."""
    return document(
        statement(_WRITE_LOGS, [group, f"{group}:*"]),
        statement(("logs:DescribeLogGroups",), "*"),  # CloudWatch allows this for all or for none
    )
