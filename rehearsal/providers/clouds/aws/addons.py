"""EKS' add-ons: which there are, in which versions, after what, and with which rights.

docs.aws.amazon.com/eks/latest/userguide: workloads-add-ons-available-eks.html, add-ons-iam.html,
managing-kube-proxy.html, November 2026.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.providers.clouds.aws.trust import attached, check_pod_role, is_ours
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.store import Resource, Store

ADDON: Final = "aws:eks/addon:Addon"
NETWORKING: Final = "vpc-cni"
_CLUSTER: Final = "aws:eks/cluster:Cluster"
_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_PROXY, _AGENT = "kube-proxy", "eks-pod-identity-agent"
_ON_EVERY_NODE: Final = (NETWORKING, _PROXY, _AGENT, "eks-node-monitoring-agent")
_OTHERS: Final = {
    *("coredns", "snapshot-controller", "metrics-server", "kube-state-metrics", "prometheus-node-exporter"),
    *("aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-fsx-csi-driver", "aws-mountpoint-s3-csi-driver"),
    *("amazon-cloudwatch-observability", "aws-guardduty-agent", "aws-network-flow-monitoring-agent", "adot"),
    *("cert-manager", "external-dns", "fluent-bit"),
}
_VERSION: Final = re.compile(r"v(?P<minor>\d+\.\d+)\.\d+-(?:\w+-)?eksbuild\.\d+")
_ACCOUNTS: Final = {
    "aws-ebs-csi-driver": "ebs-csi-controller-sa",
    "aws-efs-csi-driver": "efs-csi-controller-sa",
    NETWORKING: "aws-node",
}
# Their controllers ask AWS as soon as they start: what Amazon's own policy for each is called.
_WANT_RIGHTS: Final = {
    "aws-ebs-csi-driver": "AmazonEBSCSIDriverPolicy",
    "aws-efs-csi-driver": "AmazonEFSCSIDriverPolicy",
}
_AMAZONS: Final = "Amazon"
_DEGRADED: Final = "unexpected state 'DEGRADED' of add-on {}: InsufficientNumberOfReplicas"


class Addon(Behaviour):
    """`eks.Addon`: those whose pods have to run somewhere want nodes, and drivers a role that they can take."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        name, cluster = new.inputs["addonName"], new.inputs["clusterName"]
        _check_version(new, cluster_of(new, store))
        groups = of_cluster(store, _NODE_GROUP, cluster)
        if name not in _ON_EVERY_NODE and not any(groups) and not cluster_of(new, store).inputs.get("computeConfig"):
            raise Refused("refused", reason=f"{_DEGRADED.format(name)}, there are no nodes")
        for association in new.inputs.get("podIdentityAssociations") or ():
            _check_pod_identity(name, association, cluster, store)
        if name in _WANT_RIGHTS and not (
            new.inputs.get("podIdentityAssociations") or new.inputs.get("serviceAccountRoleArn")
        ):
            raise Refused("refused", reason=f"{_DEGRADED.format(name)}, its pods have no rights at AWS")


def of_cluster(store: Store, type_: str, cluster: str) -> Iterator[Resource]:
    """The resources of a type that are of a cluster."""
    return (resource for resource in store.all(type_) if resource.inputs["clusterName"] == cluster)


def cluster_of(part: Resource, store: Store) -> Resource:
    """The cluster of an add-on or a node group; Refused where there is none."""
    cluster = store.get(_CLUSTER, part.inputs["clusterName"])
    if cluster is None:
        raise Refused("missing", target=f"cluster {part.inputs['clusterName']}")
    return cluster


def _check_version(addon: Resource, cluster: Resource) -> None:
    name, given = addon.inputs["addonName"], addon.inputs.get("addonVersion")
    minor = str(cluster.outputs.get("version", ""))
    if name not in (*_ON_EVERY_NODE, *_OTHERS):
        raise Refused("refused", reason=f"Addon {name} specified is not supported in {minor} kubernetes version")
    version = _VERSION.fullmatch(given) if given else None
    if given and (version is None or (name == _PROXY and minor and version["minor"] != minor)):
        raise Refused("refused", reason=f"Addon version specified is not supported: {given} of {name} with {minor}")


def _check_pod_identity(addon: str, association: Mapping[str, Any], cluster: str, store: Store) -> None:
    """Refused for an account that the add-on has not, or a role that it could not take or that allows it nothing."""
    account, role = association["serviceAccount"], str(association["roleArn"])
    if account != _ACCOUNTS.get(addon, account):  # terraform-aws-modules/terraform-aws-eks #3520, September 2025
        reason = f"Service account {account} in pod identity configuration is not supported for addon {addon}"
        raise Refused("refused", reason=reason)
    check_pod_role(role, store)
    if not any(each.inputs["addonName"] == _AGENT for each in of_cluster(store, ADDON, cluster)):
        raise Refused("refused", reason=f"{_DEGRADED.format(addon)}, there is no {_AGENT}")
    policies, wanted = attached(role, store), _WANT_RIGHTS.get(addon, "")
    only_amazons = all(each.startswith(_AMAZONS) for each in policies)  # of others it is not known what they allow
    if is_ours(role, store) and (not policies or (wanted and only_amazons and wanted not in policies)):
        raise Refused("refused", reason=f"{_DEGRADED.format(addon)}, its role allows nothing of what it needs")
