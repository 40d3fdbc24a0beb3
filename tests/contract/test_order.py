"""Parts of a cluster that are made before what they need, or that go before what needs them (issues in docs/clouds).

The engine creates in the order of these dependencies and destroys in the reverse.
"""

import pytest

from tests.support.registered import Registered, everything_before
from tests.support.stack_files import CLOUD_STACKS, CLUSTER_STACKS, load_stack, planned

Planned = dict[str, Registered]
_HOSTS = "pulumi-python:dynamic/kubeadm"

# For each kind, what has to be there before what: types, with part of a name where there are several.
ORDER = {
    "eks": [
        ("aws:ec2/subnet:Subnet::private", "aws:eks/cluster:Cluster"),
        ("aws:kms/key:Key", "aws:eks/cluster:Cluster"),
        ("aws:cloudwatch/logGroup:LogGroup::control-plane", "aws:eks/cluster:Cluster"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment::AmazonEKSClusterPolicy", "aws:eks/cluster:Cluster"),
        ("aws:eks/cluster:Cluster", "aws:eks/addon:Addon::vpc-cni"),
        ("aws:eks/addon:Addon::vpc-cni", "aws:eks/nodeGroup:NodeGroup"),
        ("aws:ec2/route:Route", "aws:eks/nodeGroup:NodeGroup"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment::AmazonEKS_CNI_Policy", "aws:eks/nodeGroup:NodeGroup"),
        ("aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon::coredns"),
        ("aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon::kube-proxy"),
        ("aws:eks/addon:Addon::eks-pod-identity-agent", "aws:eks/addon:Addon::aws-ebs-csi-driver"),
        ("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "pulumi:providers:kubernetes"),
        ("aws:eks/addon:Addon::aws-ebs-csi-driver", "kubernetes:core/v1:Namespace"),
    ],
    "gke": [
        ("gcp:projects/service:Service::container", "gcp:container/cluster:Cluster"),
        ("gcp:compute/subnetwork:Subnetwork", "gcp:container/cluster:Cluster"),
        ("gcp:compute/subnetwork:Subnetwork", "gcp:compute/routerNat:RouterNat"),
        ("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "gcp:container/cluster:Cluster"),
        ("gcp:projects/serviceIdentity:ServiceIdentity", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"),
        ("gcp:projects/iAMMember:IAMMember::-node-", "gcp:container/cluster:Cluster"),
        ("gcp:container/cluster:Cluster", "kubernetes:core/v1:Namespace"),
        ("gcp:projects/iAMMember:IAMMember::@", "pulumi:providers:kubernetes"),
    ],
    "aks": [
        ("azure-native:network:Subnet::-nodes", "azure-native:network:Subnet::-api"),
        ("azure-native:network:Subnet", "azure-native:containerservice:ManagedCluster"),
        ("azure-native:network:NatGateway", "azure-native:containerservice:ManagedCluster"),
        ("azure-native:keyvault:Key", "azure-native:containerservice:ManagedCluster"),
        ("azure-native:authorization:RoleAssignment::-network", "azure-native:containerservice:ManagedCluster"),
        ("azure-native:authorization:RoleAssignment::-key", "azure-native:containerservice:ManagedCluster"),
        ("azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool"),
        ("azure-native:authorization:RoleAssignment::-admin-", "pulumi:providers:kubernetes"),
        ("azure-native:containerservice:AgentPool", "kubernetes:core/v1:Namespace"),
    ],
    "kubeadm-aws": [
        ("aws:lb/listener:Listener", "aws:autoscaling/group:Group"),
        ("aws:ec2/route:Route", "aws:autoscaling/group:Group"),
        ("aws:iam/rolePolicy:RolePolicy::-control-plane-", "aws:autoscaling/group:Group::-control-plane-"),
        ("aws:iam/rolePolicy:RolePolicy::-worker-", "aws:autoscaling/group:Group::-general"),
        ("aws:secretsmanager/secretVersion:SecretVersion::-authorities", "aws:autoscaling/group:Group"),
        ("aws:autoscaling/group:Group::-control-plane-0", "pulumi:providers:kubernetes"),
        ("aws:secretsmanager/secretVersion:SecretVersion::-administrator", "pulumi:providers:kubernetes"),
        ("kubernetes:core/v1:Secret::bootstrap-token", "aws:autoscaling/group:Group::-control-plane-1"),
        ("kubernetes:core/v1:Secret::bootstrap-token", "aws:autoscaling/group:Group::-general"),
        ("aws:autoscaling/group:Group::-control-plane-1", "aws:autoscaling/group:Group::-control-plane-2"),
        # What is told anew is told when those before have taken it.
        ("aws:autoscaling/group:Group::-control-plane-0", "aws:ec2/launchTemplate:LaunchTemplate::-control-plane-1"),
        ("aws:autoscaling/group:Group::-control-plane-1", "aws:ec2/launchTemplate:LaunchTemplate::-control-plane-2"),
        ("aws:autoscaling/group:Group::-control-plane-2", "aws:ec2/launchTemplate:LaunchTemplate::-general"),
        ("aws:autoscaling/group:Group::-control-plane-2", "aws:autoscaling/group:Group::-general"),
        ("aws:autoscaling/group:Group::-general", "kubernetes:core/v1:Namespace"),
        ("kubernetes:apps/v1:DaemonSet::cilium", "kubernetes:core/v1:Namespace"),
    ],
    "kubeadm-hosts": [
        (f"{_HOSTS}:Inspection", f"{_HOSTS}:ControlPlane"),
        (f"{_HOSTS}:ControlPlane::-cp-1", "pulumi:providers:kubernetes"),
        ("kubernetes:core/v1:Secret::bootstrap-token", f"{_HOSTS}:ControlPlane::-cp-2"),
        ("kubernetes:core/v1:Secret::bootstrap-token", f"{_HOSTS}:Worker::-worker-"),
        (f"{_HOSTS}:ControlPlane::-cp-2", f"{_HOSTS}:ControlPlane::-cp-3"),
        (f"{_HOSTS}:Worker::-worker-", "kubernetes:core/v1:Namespace"),
        ("kubernetes:apps/v1:DaemonSet::cilium", "kubernetes:core/v1:Namespace"),
    ],
    "gke standard": [
        ("gcp:compute/routerNat:RouterNat", "gcp:container/nodePool:NodePool"),
        ("gcp:container/cluster:Cluster", "gcp:container/nodePool:NodePool"),
        ("gcp:container/nodePool:NodePool", "kubernetes:core/v1:Namespace"),
    ],
}


@pytest.mark.parametrize("stack", CLUSTER_STACKS)
def test_each_part_comes_after_what_it_needs_and_so_goes_before_it(stack: str) -> None:
    made = planned(stack)
    spec = load_stack(stack).cluster
    for earlier, later in ORDER[spec.kind] + ORDER.get(f"{spec.kind} {getattr(spec, 'mode', '')}", []):
        firsts, thens = matching(made, earlier), matching(made, later)
        assert firsts, earlier
        assert thens, later
        for then in thens:
            missing = {first.urn for first in firsts} - everything_before(then, made)
            assert not missing, f"{then.urn} does not wait for {missing}"


def matching(planned: Planned, wanted: str) -> list[Registered]:
    kind, _, part = wanted.partition("::")
    return [each for each in planned.values() if each.type == kind and part in each.name]


@pytest.mark.parametrize("stack", CLUSTER_STACKS)
def test_what_reaches_outside_the_cluster_is_destroyed_while_the_cluster_still_runs(stack: str) -> None:
    made = planned(stack)
    (cluster,) = [each for each in made.values() if each.type.startswith("polykube:clusters:")]
    own = {urn for urn, each in made.items() if each.parent == cluster.urn and not each.type.startswith("kubernetes:")}
    for namespace in matching(made, "kubernetes:core/v1:Namespace"):
        assert not namespace.deleted_with
        assert own - everything_before(namespace, made) == set()


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_whatever_a_cloud_makes_waits_for_what_propagates(stack: str) -> None:
    clouds = ("aws:", "azure-native:", "gcp:")
    made = [each for each in planned(stack).values() if each.type.startswith(clouds)]
    assert made
    assert {each.on_error for each in made} == {(f"{stack}-propagation",)}
