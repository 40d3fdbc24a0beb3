"""What AWS refuses and its provider's schema does not say, and what it does by itself."""

from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.clusters import Access
from rehearsal.providers.clouds.store import Resource

CLUSTER, GROUP, LOGS = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:cloudwatch/logGroup:LogGroup"
SUBNET, TEMPLATE = "aws:ec2/subnet:Subnet", "aws:ec2/launchTemplate:LaunchTemplate"
OWN_LOGS = "/aws/eks/shop/cluster"


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsStandIn:
    """AWS with a cluster, its two subnets, and what a node group refers to."""
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    provider = AwsStandIn()
    for name in ("a", "b", "c"):
        there(provider, SUBNET, name, {"vpcId": "v"}, availabilityZone=f"eu-central-1{name}")
    there(provider, "aws:iam/role:Role", "r", {})
    vpc = {"vpcConfig": {"subnetIds": ["a", "b"]}}
    there(provider, CLUSTER, "shop", {"name": "shop", "roleArn": "r", **vpc}, version="1.36", endpoint="https://x")
    there(provider, TEMPLATE, "small", {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 1}}]})
    return provider


def there(provider: AwsStandIn, type_: str, id_: str, inputs: dict[str, Any], **outputs: Any) -> None:
    provider.store.put(Resource(type_, id_, id_, inputs, {**inputs, **outputs}), "create")


def request(type_: str, **parts: Any) -> Request:
    return Request(f"urn:pulumi:s::p::{type_}::it", **parts)


def group(**inputs: Any) -> Request:
    scaling = {"minSize": 2, "maxSize": 4, "desiredSize": 2}
    names = {"clusterName": "shop", "nodeGroupName": "general", "nodeRoleArn": "r", "subnetIds": ["a"]}
    return request(GROUP, inputs={**names, "amiType": "AL2023_x86_64_STANDARD", "scalingConfig": scaling, **inputs})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"scalingConfig": {"minSize": 3, "maxSize": 4, "desiredSize": 2}}, "Minimum capacity 3 can't be greater than"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "Maximum capacity 2 can't be less than"),
        ({"labels": {"node-role.kubernetes.io/worker": "x"}}, "Label cannot contain reserved prefixes"),
        ({"labels": {"eks.amazonaws.com/nodegroup": "x"}}, "Label cannot contain reserved prefixes"),
        ({"labels": {"workload": ""}}, "a key and a value of 1 to 63"),
        ({"taints": [{"key": "k" * 64, "effect": "NO_SCHEDULE"}]}, "a key of 1 to 63"),
        ({"launchTemplate": {"id": "small", "version": "1"}}, "smaller than snapshot, expect size >= 20GB"),
        ({"tags": {"owner": "a, b & c"}}, "member must satisfy regular expression pattern"),
        ({"tags": {"k" * 129: "x"}}, "too long or reserved"),
    ],
)
def test_a_node_group_is_refused_for_what_its_nodes_could_not_be(aws: AwsStandIn, given: Any, says: str) -> None:
    with pytest.raises(ProviderError, match=says):
        aws.create(group(**given))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "100.64.0.0/16"}}, "must be within 10.0.0.0/8"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/28"}}, "must be within 10.0.0.0/8"),
        ({"vpcConfig": {"subnetIds": ["a", "b"], "publicAccessCidrs": ["10.8.0.0/16"]}}, "not allowed in publicAcc"),
        ({"vpcConfig": {"subnetIds": ["a", "b", "c"]}}, "in the AZs that the cluster was created with"),
    ],
)
def test_a_cluster_keeps_its_zones_and_takes_private_services_and_public_clients(
    aws: AwsStandIn, given: Any, says: str
) -> None:
    kept = {"name": "shop", "roleArn": "r", "version": "1.36", "vpcConfig": {"subnetIds": ["a", "b"]}}
    with pytest.raises(ProviderError, match=says):
        aws.update(request(CLUSTER, id="shop", inputs={**kept, **given}))


@pytest.mark.parametrize("public", [True, False])
def test_a_private_endpoint_leads_nowhere_in_the_run_that_makes_its_network(
    aws: AwsStandIn, public: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "start", lambda *_, **__: Access("https://answers", ""))
    monkeypatch.setattr(clusters, "access", lambda *_: Access("https://answers", ""))
    inputs = {
        "name": "new",
        "roleArn": "r",
        "version": "1.36",
        "vpcConfig": {"subnetIds": ["a", "b"], "endpointPublicAccess": public, "endpointPrivateAccess": True},
    }
    made = aws.create(request(CLUSTER, inputs=inputs))
    assert (made.outputs["endpoint"] == "https://answers") is public
    later = aws.update(request(CLUSTER, id="new", inputs=inputs, old_inputs=inputs, state=made.outputs))
    assert later.outputs["endpoint"] == "https://answers", "by now the network can have been connected"


def test_a_public_endpoint_that_is_made_private_answers_by_then(
    aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first run comes from an address that is named, the next one from within."""
    monkeypatch.setattr(clusters, "start", lambda *_, **__: Access("https://answers", ""))
    kept = {"name": "new", "roleArn": "r", "version": "1.36"}
    public, private = (
        {**kept, "vpcConfig": {"subnetIds": ["a", "b"], "endpointPrivateAccess": True, **access}}
        for access in ({"publicAccessCidrs": ["203.0.113.1/32"]}, {"endpointPublicAccess": False})
    )
    made = aws.create(request(CLUSTER, inputs=public))
    later = aws.update(request(CLUSTER, id="new", inputs=private, old_inputs=public, state=made.outputs))
    assert made.outputs["endpoint"] == later.outputs["endpoint"] == "https://answers"


def test_what_the_program_did_not_change_stays_as_it_is_in_the_cloud(aws: AwsStandIn) -> None:
    knew = {"clusterName": "shop", "nodeRoleArn": "r", "tags": {"a": "b"}, "subnetIds": ["a"]}
    there(aws, LOGS, "x", {**knew, "retentionInDays": 7})
    told = {"name": "x", "retentionInDays": 30, "kmsKeyId": None, "tags": {"a": "b"}}
    aws.store.put(Resource(LOGS, "x", "x", {"name": "x", "retentionInDays": 90, "tags": {"who": "else"}}))
    aws.update(request(LOGS, id="x", inputs=told, old_inputs={**told, "retentionInDays": 7}))
    found = aws.store.get(LOGS, "x")
    assert found
    assert (found.inputs["retentionInDays"], found.inputs["tags"]) == (30, {"who": "else"})


def test_logs_are_kept_for_days_that_cloudwatch_knows(aws: AwsStandIn) -> None:
    with pytest.raises(ProviderError, match="retention_in_days to be one of"):
        aws.create(request(LOGS, inputs={"name": "x", "retentionInDays": 100}))


def test_the_log_group_of_a_control_plane_comes_back_once_when_its_cluster_has_gone(aws: AwsStandIn) -> None:
    there(aws, LOGS, OWN_LOGS, {"name": OWN_LOGS})
    for type_, name in ((CLUSTER, "shop"), (LOGS, OWN_LOGS)):
        found = aws.store.get(type_, name)
        assert found
        aws.store.drop(found)
    with pytest.raises(ProviderError, match="ResourceAlreadyExistsException"):
        aws.create(request(LOGS, inputs={"name": OWN_LOGS}))
    asked = aws.invoke("aws:cloudwatch/getLogGroups:getLogGroups", {"logGroupNamePrefix": "/aws/eks/shop"})
    assert asked == {"logGroupNames": [OWN_LOGS]}
    assert aws.read(request(LOGS, id=OWN_LOGS)).outputs["name"] == OWN_LOGS
    left = aws.store.get(LOGS, OWN_LOGS)
    assert left
    aws.store.drop(left)
    assert aws.create(request(LOGS, inputs={"name": OWN_LOGS})).id == OWN_LOGS


@pytest.mark.parametrize(
    ("type_", "inputs", "says"),
    [
        (SUBNET, {"vpcId": "v", "cidrBlock": "10.0.0.0/24"}, "InvalidSubnet.Conflict"),
        ("aws:ec2/natGateway:NatGateway", {"allocationId": "e", "subnetId": "a"}, "Resource.AlreadyAssociated"),
        ("aws:ec2/flowLog:FlowLog", {"vpcId": "v", "logDestination": "arn:l"}, "FlowLogAlreadyExists"),
        (
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            {"vpcId": "v", "serviceName": "sts", "privateDnsEnabled": True},
            "conflicting DNS domain",
        ),
        ("aws:efs/mountTarget:MountTarget", {"fileSystemId": "f", "subnetId": "a"}, "MountTargetConflict"),
        (
            "aws:ec2/route:Route",
            {"routeTableId": "t", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "i"},
            "RouteAlreadyExists",
        ),
        (
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            {"routeTableId": "t", "subnetId": "a"},
            "Resource.AlreadyAssociated",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "g", "cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
            "InvalidPermission.Duplicate",
        ),
        (
            "aws:eks/podIdentityAssociation:PodIdentityAssociation",
            {"clusterName": "shop", "namespace": "n", "serviceAccount": "s", "roleArn": "r"},
            "Association already exists",
        ),
    ],
)
def test_there_is_one_of_what_there_can_be_one_of(aws: AwsStandIn, type_: str, inputs: Any, says: str) -> None:
    ec2 = {"vpc:Vpc": "v", "eip:Eip": "e", "routeTable:RouteTable": "t", "internetGateway:InternetGateway": "i"}
    needs = {f"ec2/{name}": id_ for name, id_ in ec2.items()}
    for needed, name in {**needs, "ec2/securityGroup:SecurityGroup": "g", "efs/fileSystem:FileSystem": "f"}.items():
        there(aws, f"aws:{needed}", name, {"vpcId": "v"}, enableDnsSupport=True, enableDnsHostnames=True)
    aws.create(request(type_, inputs=inputs))
    with pytest.raises(ProviderError, match=says):
        aws.create(request(type_, inputs=inputs))


@pytest.mark.parametrize(
    ("type_", "given", "differs"),
    [
        ("aws:iam/role:Role", {"name": "x", "assumeRolePolicy": '{"b": 1, "a": 2}'}, False),
        ("aws:cloudwatch/eventRule:EventRule", {"name": "x", "eventPattern": '{"source": ["b"], "a": ["c"]}'}, False),
        (LOGS, {"name": "x", "skipDestroy": True}, False),
        (
            "aws:eks/addon:Addon",
            {"clusterName": "shop", "addonName": "vpc-cni", "configurationValues": '{"a": 1}'},
            True,
        ),
        (
            "aws:eks/addon:Addon",
            {"clusterName": "shop", "addonName": "vpc-cni", "configurationValues": '{"a":1}'},
            False,
        ),
        (GROUP, {"clusterName": "shop", "subnetIds": ["b", "a"]}, False),
    ],
)
def test_what_aws_says_otherwise_is_a_change_where_the_provider_compares_text(
    aws: AwsStandIn, type_: str, given: Any, differs: bool
) -> None:
    there(aws, type_, "x", given)
    state = aws.read(request(type_, id="x", inputs=given, state=given))
    found = aws.diff(request(type_, id="x", inputs=given, old_inputs=state.inputs or {}, state=state.outputs))
    assert bool(found.detailed) is differs


ROLE, ATTACHMENT = "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def test_what_is_attached_twice_is_detached_once(aws: AwsStandIn) -> None:
    first, second = (aws.create(request(ATTACHMENT, inputs={"role": "r", "policyArn": "p"})) for _ in range(2))
    aws.delete(request(ATTACHMENT, id=first.id, inputs={}))
    assert aws.read(request(ATTACHMENT, id=second.id)).id == ""


@pytest.mark.parametrize("forced", [True, False])
def test_a_role_goes_with_what_others_attached_when_that_is_forced(aws: AwsStandIn, forced: bool) -> None:
    there(aws, ROLE, "node", {"name": "node", "forceDetachPolicies": forced})
    there(aws, ATTACHMENT, "node/ssm", {"role": "node", "policyArn": "ssm"})
    if not forced:
        with pytest.raises(ProviderError, match="node/ssm"):
            aws.delete(request(ROLE, id="node"))
        return
    aws.delete(request(ROLE, id="node"))
    assert aws.store.all(ATTACHMENT) == []


def test_groups_that_are_not_said_stay_with_who_has_them(aws: AwsStandIn) -> None:
    type_ = "aws:eks/accessEntry:AccessEntry"
    who: dict[str, Any] = {"clusterName": "shop", "principalArn": "p"}
    had = {**who, "kubernetesGroups": ["web"]}
    there(aws, type_, "shop:p", had)
    for now, changed in ((who, False), ({**had, "kubernetesGroups": []}, True)):
        found = aws.diff(request(type_, id="shop:p", inputs=now, old_inputs=had, state=had))
        assert bool(found.detailed) is changed


def test_what_others_let_into_a_networks_own_group_goes_only_where_it_is_said_to_be_empty(aws: AwsStandIn) -> None:
    type_, anybody = (
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        [{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}],
    )
    unsaid: dict[str, Any] = {"vpcId": "v"}
    for given, changed in ((unsaid, False), (unsaid | {"ingress": []}, True)):
        there(aws, type_, "sg", given, ingress=anybody)
        seen = aws.read(request(type_, id="sg", inputs=given, state=given))
        found = aws.diff(request(type_, id="sg", inputs=given, old_inputs=seen.inputs or {}, state=seen.outputs))
        assert bool(found.detailed) is changed


def test_an_internet_gateway_stays_while_something_in_its_network_has_a_public_address(aws: AwsStandIn) -> None:
    gateway = "aws:ec2/internetGateway:InternetGateway"
    there(aws, gateway, "igw", {"vpcId": "v"})
    there(aws, "aws:ec2/natGateway:NatGateway", "nat", {"subnetId": "a"})
    with pytest.raises(ProviderError, match="has some mapped public address"):
        aws.delete(request(gateway, id="igw"))
