"""EKS's own add-ons, in order: networking before there are nodes, all others when there are some.

Versions are pinned in `facts`, by Kubernetes version; `most recent` would plan differently tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_aws import eks

from components.cloud import CloudPlace
from components.clusters.eks.facts import ADDON_VERSIONS
from components.clusters.eks.identity import pod_role
from components.networks.aws_iam import MANAGED

if TYPE_CHECKING:
    from components.clusters.eks.spec import EksSpec

_DRIVER_POLICIES: Final = f"{MANAGED}service-role/"
_CONTROLLER_REPLICAS: Final = 2


class AddOns:
    """The add-ons of one cluster."""

    def __init__(self, spec: EksSpec, cluster: eks.Cluster, place: CloudPlace) -> None:
        self._cluster, self._place = cluster, place
        self._versions = ADDON_VERSIONS[spec.version]
        self._windows = any(pool.is_windows for pool in spec.node_pools)
        self._agent: list[pulumi.Resource] = []

    def networking(self) -> eks.Addon:
        """The VPC CNI: prefixes of 16 addresses, so that nodes hold 110 pods, and enforced network policies."""
        windows = dict.fromkeys(("enableWindowsIpam", "enableWindowsPrefixDelegation"), "true") if self._windows else {}
        settings = {"env": {"ENABLE_PREFIX_DELEGATION": "true"}, "enableNetworkPolicy": "true", **windows}
        return self._make("vpc-cni", settings)

    def rest(self, after: Sequence[pulumi.Resource]) -> None:
        """DNS, service addresses, workload identity and volumes, once there are nodes for them."""
        self._make("kube-proxy", after=after)
        self._make("coredns", {"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10}}, after=after)
        agent = self._make("eks-pod-identity-agent", after=after)
        self._agent = [agent]  # a driver whose pods start before it would have no rights until they restart
        self._driver("aws-ebs-csi-driver", "ebs-csi-controller-sa", "AmazonEBSCSIDriverPolicy")

    def file_system_driver(self) -> eks.Addon:
        """The driver of EFS volumes."""
        return self._driver("aws-efs-csi-driver", "efs-csi-controller-sa", "AmazonEFSCSIDriverPolicy")

    def _driver(self, name: str, account: str, policy: str) -> eks.Addon:
        role = pod_role(f"{self._place.cluster}-{name}", self._place, [_DRIVER_POLICIES + policy])
        association = eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=account)
        settings = {"controller": {"replicaCount": _CONTROLLER_REPLICAS}}
        return self._make(name, settings, after=[*self._agent, *role.rights], pod_identity=association)

    def _make(
        self,
        name: str,
        settings: Mapping[str, Any] | None = None,
        after: Sequence[pulumi.Resource] = (),
        pod_identity: eks.AddonPodIdentityAssociationArgs | None = None,
    ) -> eks.Addon:
        return eks.Addon(
            f"{self._place.cluster}-{name}",
            cluster_name=self._cluster.name,
            addon_name=name,
            addon_version=self._versions[name],
            # The provider compares it as text with what AWS says: in the one form that has no other.
            configuration_values=json.dumps(settings, sort_keys=True, separators=(",", ":")) if settings else None,
            pod_identity_associations=[pod_identity] if pod_identity else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",  # what the stack file says wins over who edited it in the cluster
            tags=self._place.tagged(name),
            opts=self._place.options(after=after, new_first=False),  # an add-on is there once
        )
