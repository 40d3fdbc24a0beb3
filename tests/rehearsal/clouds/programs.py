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
windows = eks.NodeGroup(
    "windows",
    cluster_name=cluster.name,
    node_role_arn=iam.Role("windows", assume_role_policy=role.assume_role_policy).arn,
    subnet_ids=[subnet.id for subnet in subnets],
    instance_types=["m7i.large"],
    ami_type="WINDOWS_CORE_2022_x86_64",
    version=cluster.version,
    scaling_config={"min_size": 0, "max_size": 9, "desired_size": 1},
    opts=pulumi.ResourceOptions(depends_on=[cni]),
)
pulumi.export("endpoint", cluster.endpoint)
pulumi.export("issuer", cluster.identities[0].oidcs[0].issuer)
pulumi.export("group", cluster.vpc_config.cluster_security_group_id)
pulumi.export("tags", vpc.tags_all)
"""

GCP = """
import pulumi
from pulumi_gcp import Provider, compute, container, kms, serviceaccount

config = pulumi.Config()
gcp = Provider("gcp", project="shop-1", region="europe-west3", default_labels={"stack": "rehearsed"})
pulumi.runtime.register_stack_transformation(lambda args: pulumi.ResourceTransformationResult(
    args.props, pulumi.ResourceOptions.merge(pulumi.ResourceOptions(provider=gcp), args.opts)
    if args.type_.startswith("gcp:") else args.opts))

network = compute.Network("network", auto_create_subnetworks=False)
subnet = compute.Subnetwork("nodes", network=network.id, ip_cidr_range="10.0.0.0/20")
ring = kms.KeyRing("ring", location="europe-west3")
key = kms.CryptoKey("key", key_ring=ring.id, rotation_period="7776000s", labels={"of": "shop"})
account = serviceaccount.Account("nodes", account_id="shop-nodes")
cluster = container.Cluster(
    "cluster",
    name="shop",
    location="europe-west3",
    network=network.id,
    subnetwork=subnet.id,
    min_master_version=config.get("version") or "1.35",
    initial_node_count=1,
    remove_default_node_pool=True,
    deletion_protection=False,
    database_encryption={"state": "ENCRYPTED", "key_name": key.id},
    control_plane_endpoints_config={"dns_endpoint_config": {"allow_external_traffic": True}},
)
nodes = container.NodePool(
    "general",
    cluster=cluster.id,
    node_count=config.get_int("nodes") or 1,
    version=config.get("nodesVersion") or cluster.master_version,
    node_config={
        "machine_type": "t2a-standard-2",
        "service_account": account.email,
        "labels": {"team": "shop"},
        "taints": [{"key": "dedicated", "value": "shop", "effect": "NO_SCHEDULE"}],
    },
)
windows = container.NodePool(
    "windows",
    cluster=cluster.id,
    node_locations=["europe-west3-a"],
    node_count=1,
    version=cluster.master_version,
    node_config={"machine_type": "n2-standard-2", "image_type": "WINDOWS_LTSC_CONTAINERD"},
)
pulumi.export("endpoint", cluster.control_plane_endpoints_config.dns_endpoint_config.endpoint)
pulumi.export("labels", key.effective_labels)
"""

AZURE = """
import base64
import json
import pulumi
from pulumi_azure_native import Provider, containerservice, managedidentity, network, resources

config = pulumi.Config()
azure = Provider("azure", subscription_id="00000000-0000-0000-0000-000000000000", location="westeurope")
pulumi.runtime.register_stack_transformation(lambda args: pulumi.ResourceTransformationResult(
    args.props, pulumi.ResourceOptions.merge(pulumi.ResourceOptions(provider=azure), args.opts)
    if args.type_.startswith("azure-native:") else args.opts))

group = resources.ResourceGroup("shop")
vnet = network.VirtualNetwork(
    "vnet", resource_group_name=group.name, address_space={"address_prefixes": ["10.0.0.0/16"]}
)
subnet = network.Subnet(
    "nodes", resource_group_name=group.name, virtual_network_name=vnet.name, address_prefix="10.0.0.0/20"
)
identity = managedidentity.UserAssignedIdentity("shop", resource_group_name=group.name)
version = config.get("version") or "1.35"
cluster = containerservice.ManagedCluster(
    "cluster",
    resource_name_="shop",
    resource_group_name=group.name,
    dns_prefix="shop",
    kubernetes_version=version,
    identity={"type": "UserAssigned", "user_assigned_identities": [identity.id]},
    oidc_issuer_profile={"enabled": True},
    windows_profile={"admin_username": "shop", "admin_password": pulumi.Output.secret("Not-a-secret-1")},
    agent_pool_profiles=[{
        "name": "system", "mode": "System", "count": 2, "vm_size": "Standard_D4s_v5", "vnet_subnet_id": subnet.id,
        "availability_zones": ["1", "2", "3"], "node_taints": ["CriticalAddonsOnly=true:NoSchedule"],
        "orchestrator_version": config.get("nodesVersion") or version,
    }],
)
nodes = containerservice.AgentPool(
    "general",
    agent_pool_name="general",
    resource_group_name=group.name,
    resource_name_=cluster.name,
    count=config.get_int("nodes") or 3,
    vm_size="Standard_D4ps_v6",
    vnet_subnet_id=subnet.id,
    availability_zones=["1", "2", "3"],
    orchestrator_version=config.get("nodesVersion") or version,
    node_labels={"team": "shop"},
    node_taints=["dedicated=shop:NoSchedule"],
)
windows = containerservice.AgentPool(
    "windows",
    agent_pool_name="win",
    resource_group_name=group.name,
    resource_name_=cluster.name,
    count=1,
    vm_size="Standard_D2s_v5",
    vnet_subnet_id=subnet.id,
    orchestrator_version=version,
    os_type="Windows",
    os_sku="Windows2022",
)
credentials = containerservice.list_managed_cluster_user_credentials_output(
    resource_group_name=group.name, resource_name=cluster.name
)
kubeconfig = credentials.kubeconfigs[0].value.apply(lambda text: json.loads(base64.b64decode(text)))
pulumi.export("endpoint", kubeconfig["clusters"][0]["cluster"]["server"])
pulumi.export("issuer", cluster.oidc_issuer_profile.issuer_url)
"""
