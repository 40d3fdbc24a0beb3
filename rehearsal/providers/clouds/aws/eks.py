"""EKS: a cluster is a real API server, a node group its nodes; add-ons and their order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import cycle
from typing import Any, Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters, machines
from rehearsal.providers.clouds.aws import access, documents, events, firewalls, templates
from rehearsal.providers.clouds.aws.addons import ADDON, NETWORKING, Addon, cluster_of, of_cluster
from rehearsal.providers.clouds.aws.joining import check_joining
from rehearsal.providers.clouds.aws.limits import check_cluster, check_node_group
from rehearsal.providers.clouds.aws.logs import LOG_GROUP, LogGroup, begin_to_log
from rehearsal.providers.clouds.aws.network import NETWORK, zone
from rehearsal.providers.clouds.aws.trust import attached, check_trust, is_ours
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.devices import offer_in
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.left_behind import leave_behind
from rehearsal.providers.clouds.nodes import OS_LABEL, Node, converge, names
from rehearsal.providers.clouds.rules import at_path
from rehearsal.providers.clouds.storage_classes import BroughtClass, bring
from rehearsal.providers.clouds.store import Resource, Store
from rehearsal.providers.clouds.versions import check_control_plane, check_nodes

CLUSTER: Final = "aws:eks/cluster:Cluster"
NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
LOAD_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
VOLUME: Final = "aws:ebs/volume:Volume"
_OFFERED: Final = ("1.33", "1.34", "1.35", "1.36")  # November 2026
_OF_CLUSTERS: Final = "AmazonEKSClusterPolicy"
_EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
# docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html; no default since 1.30, kubernetes-versions.html
_CLASSES: Final = (BroughtClass("gp2", "kubernetes.io/aws-ebs", {"type": "gp2", "fsType": "ext4"}, expands=False),)
_DEFAULT_MACHINE: Final = "t3.medium"
_ANYWHERE: Final = "0.0.0.0/0"
_HTTPS: Final = 443


class EksClusterBehaviour(Behaviour):
    """`eks.Cluster`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        version = new.inputs.get("version") or _OFFERED[-1]
        check_control_plane(str(old.outputs["version"]) if old else None, version, _OFFERED)
        check_cluster(new.inputs)
        _check_key(new, store)
        _check_role(str(new.inputs["roleArn"]), store)
        zones = _zones(new, store)
        if len(zones) == 1:
            raise Refused("refused", reason="Subnets specified must be in at least two different AZs")
        if old and not zones <= _zones(old, store):  # docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
            raise Refused("refused", reason="Subnets must be in the AZs that the cluster was created with")

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        begin_to_log(resource, store)
        reached = clusters.start(resource.id, admits=_lets_its_maker_in(resource))
        with clusters.api(resource.id) as api:
            if api:
                bring(api, _CLASSES)
        otherwise = reached.endpoint if _is_public(resource) else clusters.INSIDE
        return {
            "endpoint": clusters.endpoint(resource.id, otherwise, partial(lets_in, resource, store)),
            "certificateAuthority": {"data": reached.authority},
            "version": resource.inputs.get("version") or _OFFERED[-1],
        }

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        before = str(old.outputs.get("endpoint"))
        otherwise = clusters.access(new.id).endpoint if before == clusters.INSIDE else before
        return {"endpoint": clusters.endpoint(new.id, otherwise, partial(lets_in, new, store))}

    def deleted(self, resource: Resource, store: Store) -> None:
        if resource.inputs.get("deletionProtection"):
            raise Refused("refused", reason="Cluster has deletion protection enabled")
        subnets = resource.inputs["vpcConfig"]["subnetIds"]
        tags = {f"kubernetes.io/cluster/{resource.id}": "owned"}
        balancer = (LOAD_BALANCER, {"tags": tags, "subnets": subnets})
        leave_behind(resource.id, store, balancer, (VOLUME, {"tags": tags}))
        clusters.stop(resource.id)


class NodeGroup(Behaviour):
    """`eks.NodeGroup`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_scaling(new.inputs["scalingConfig"])
        check_node_group(new, store)
        cluster = cluster_of(new, store)
        check_nodes(_version(new, cluster), str(cluster.outputs["version"]))
        ami = str(new.inputs.get("amiType", ""))
        for machine in _machines(new):
            wrong = ("ARM_64" in ami, "x86_64" in ami)[machine.architecture == "arm64"]
            if wrong:
                raise Refused("refused", reason=f"[{machine.type}] is not a valid instance type for amiType {ami}")
        for other in of_cluster(store, NODE_GROUP, cluster.id):
            if other.inputs["nodeRoleArn"] == new.inputs["nodeRoleArn"] and _is_windows(other) != _is_windows(new):
                reason = "Nodes of Windows and of Linux cannot share a node role, which has one access entry"
                raise Refused("refused", reason=reason)
        addons = {addon.inputs["addonName"] for addon in of_cluster(store, ADDON, cluster.id)}
        if cluster.inputs.get("bootstrapSelfManagedAddons") is False and NETWORKING not in addons:
            reason = "NodeCreationFailure: Instances failed to join the kubernetes cluster: cni plugin not initialized"
            raise Refused("refused", reason=reason)
        check_joining(new, cluster, store)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        cluster = cluster_of(resource, store)
        converge(cluster.id, _pool(resource), list(_nodes(resource, cluster, store)), store, fault)
        scaling_group = f"eks-{resource.outputs['nodeGroupName']}"
        groups = {
            "resources": [{"autoscalingGroups": [{"name": scaling_group}]}],
            "version": _version(resource, cluster),
        }
        return groups | templates.told(resource, store)

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        return self.created(new, store, fault)

    def observed(self, resource: Resource, store: Store) -> Properties:
        offer_in(str(resource.inputs["clusterName"]))
        return {}

    def deleted(self, resource: Resource, store: Store) -> None:
        converge(cluster_of(resource, store).id, _pool(resource), [], store)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    **NETWORK,
    **documents.BEHAVIOURS,
    **firewalls.BEHAVIOURS,
    **events.BEHAVIOURS,
    **templates.BEHAVIOURS,
    LOG_GROUP: LogGroup(),
    CLUSTER: EksClusterBehaviour(),
    NODE_GROUP: NodeGroup(),
    ADDON: Addon(),
    access.ENTRY: access.AccessEntry(),
    access.ASSOCIATION: access.AccessPolicyAssociation(),
    access.POD_IDENTITY: access.PodIdentityAssociation(),
}


def lets_in(cluster: Resource, store: Store, who: IPv4Address) -> bool:
    """Whether `who` reaches the API server: as one of the public clients, or from a connected network that the security
    groups of the cluster let in (docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html, November 2026)."""
    access = cluster.inputs["vpcConfig"]
    if _is_public(cluster) and any(who in ip_network(each) for each in access.get("publicAccessCidrs") or [_ANYWHERE]):
        return True
    groups = access.get("securityGroupIds", ())
    return bool(access.get("endpointPrivateAccess")) and firewalls.lets_in(groups, _HTTPS, IPv4Network(who), store)


def _check_role(role: str, store: Store) -> None:
    """Refused when EKS cannot be the cluster's role, or that may not do what a control plane does."""
    name = role.rpartition("/")[2]
    could_not = f"The role with name {name} could not be assumed because it does not exist or the trusted entity is not"
    check_trust(role, "eks.amazonaws.com", store, f"{could_not} correct")
    if is_ours(role, store) and _OF_CLUSTERS not in attached(role, store):
        reason = "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the"
        raise Refused("refused", reason=f"{reason} following policies are attached: {_OF_CLUSTERS}")


def _check_key(cluster: Resource, store: Store) -> None:
    """Refused for a key that cannot encrypt Secrets (docs.aws.amazon.com/eks/latest/userguide/enable-kms.html)."""
    arns = set(at_path(cluster.inputs, "encryptionConfig.provider.keyArn"))
    for key in store.all("aws:kms/key:Key"):
        if key.outputs.get("arn") in arns and not documents.is_symmetric(key):
            raise Refused("refused", reason=f"The keyArn in encryptionConfig provider is not symmetric: {key.id}")


def _lets_its_maker_in(cluster: Resource) -> bool:
    return bool((cluster.inputs.get("accessConfig") or {}).get("bootstrapClusterCreatorAdminPermissions", True))


def _is_public(cluster: Resource) -> bool:
    return bool(cluster.inputs["vpcConfig"].get("endpointPublicAccess", True))


def _check_scaling(scaling: Mapping[str, int]) -> None:
    """The bounds as EKS holds them (terraform-aws-modules/terraform-aws-eks #944, #3306, #3521)."""
    least, wanted, most = scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]
    if least > most:
        raise Refused("refused", reason=f"Minimum capacity {least} can't be greater than maximum capacity {most}")
    if least > wanted:
        raise Refused("refused", reason=f"Minimum capacity {least} can't be greater than desired size {wanted}")
    if wanted > most:
        raise Refused("refused", reason=f"Maximum capacity {most} can't be less than desired size {wanted}")


def _zones(cluster: Resource, store: Store) -> set[str]:
    return {zone(store, subnet) for subnet in cluster.inputs["vpcConfig"]["subnetIds"]}


def _version(group: Resource, cluster: Resource) -> str:
    return str(group.inputs.get("version") or cluster.outputs["version"])


def _machines(group: Resource) -> Sequence[machines.InstanceType]:
    return [machines.known(machines.aws, name) for name in group.inputs.get("instanceTypes") or [_DEFAULT_MACHINE]]


def _is_windows(group: Resource) -> bool:
    return str(group.inputs.get("amiType", "")).startswith("WINDOWS")


def _pool(group: Resource) -> Mapping[str, str]:
    return {"eks.amazonaws.com/nodegroup": str(group.outputs["nodeGroupName"])}


def _nodes(group: Resource, cluster: Resource, store: Store) -> Iterator[Node]:
    """The nodes of a group, over the zones of its subnets; another version is another generation of nodes."""
    inputs, machine = group.inputs, _machines(group)[0]
    zones = sorted({zone(store, subnet) for subnet in inputs["subnetIds"]})
    version = _version(group, cluster)
    made_of: Any = [version, inputs.get("releaseVersion"), inputs.get("launchTemplate")]
    labels = {
        **inputs.get("labels", {}),
        **_pool(group),
        "eks.amazonaws.com/capacityType": inputs.get("capacityType", "ON_DEMAND"),
        **({OS_LABEL: "windows"} if _is_windows(group) else {}),
    }
    taints = [
        {"key": taint["key"], "value": taint.get("value", ""), "effect": _EFFECTS[taint["effect"]]}
        for taint in inputs.get("taints", ())
    ]
    pool, count = str(group.outputs["nodeGroupName"]), inputs["scalingConfig"]["desiredSize"]
    for name, place in zip(names(pool, made_of, count), cycle(zones), strict=False):
        made = Node(name, place, place[:-1], machine, f"{version}.0", f"aws:///{place}/{name}", labels, taints)
        yield replace(made, brings_devices=str(inputs.get("amiType", "")).startswith("BOTTLEROCKET"))
