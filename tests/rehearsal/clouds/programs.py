"""Small programs that make a cluster with its network, one for each cloud."""

AWS = """
import json
import pulumi
from pulumi_aws import Provider, ec2, eks, iam, kms

config = pulumi.Config()
aws = Provider("aws", region="eu-central-1", default_tags={"tags": {"stack": "rehearsed"}})
pulumi.runtime.register_stack_transformation(lambda args: pulumi.ResourceTransformationResult(
    args.props, pulumi.ResourceOptions.merge(pulumi.ResourceOptions(provider=aws), args.opts)
    if args.type_.startswith("aws:") else args.opts))

vpc = ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={"Name": config.get("name") or "vpc"})
subnets = [
    ec2.Subnet(zone, vpc_id=vpc.id, availability_zone=f"eu-central-1{zone}", cidr_block=f"10.0.{index}.0/24")
    for index, zone in enumerate("abc")
]
role = iam.Role("cluster", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
key = kms.Key("key", enable_key_rotation=True)
cluster = eks.Cluster(
    "cluster",
    name="shop",
    version=config.get("version") or "1.35",
    role_arn=role.arn,
    bootstrap_self_managed_addons=False,
    vpc_config={"subnet_ids": [subnet.id for subnet in subnets], "endpoint_private_access": True},
    encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
)
cni = eks.Addon("cni", cluster_name=cluster.name, addon_name="vpc-cni", addon_version="v1.21.1-eksbuild.1")
nodes = eks.NodeGroup(
    "general",
    cluster_name=cluster.name,
    node_role_arn=role.arn,
    subnet_ids=[subnet.id for subnet in subnets],
    instance_types=["m7g.large"],
    ami_type="AL2023_ARM_64_STANDARD",
    version=config.get("nodesVersion") or cluster.version,
    scaling_config={"min_size": 0, "max_size": 9, "desired_size": config.get_int("nodes") or 3},
    taints=[{"key": "dedicated", "value": "shop", "effect": "NO_SCHEDULE"}],
    labels={"team": "shop"},
    opts=pulumi.ResourceOptions(depends_on=[cni]),
)
pulumi.export("endpoint", cluster.endpoint)
pulumi.export("issuer", cluster.identities[0].oidcs[0].issuer)
pulumi.export("group", cluster.vpc_config.cluster_security_group_id)
pulumi.export("tags", vpc.tags_all)
"""
