"""Who gets into a cluster of EKS: access entries, their policies, and roles of pods."""

import re
from typing import Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.aws.trust import check_pod_role
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.faults import Fault, late
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind, same
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

ENTRY: Final = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION: Final = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
POD_IDENTITY: Final = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_CLUSTER: Final = "aws:eks/cluster:Cluster"
_MODES: Final = ("API", "API_AND_CONFIG_MAP")
_NO_PRINCIPAL: Final = re.compile(r"arn:aws[\w-]*:iam::\d*:(?!role/|user/|root$)")
_POLICY: Final = re.compile(r"arn:aws[\w-]*:eks::aws:cluster-access-policy/AmazonEKS\w+")


class AccessEntry(Behaviour):
    """`eks.AccessEntry`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_mode(new, store)
        if _NO_PRINCIPAL.match(str(new.inputs["principalArn"])):
            raise Refused("refused", reason="The principalArn parameter format is not valid")
        for group in new.inputs.get("kubernetesGroups") or ():
            if group.startswith("system:"):  # aws/karpenter-provider-aws #7558, January 2025
                reason = f"The kubernetes group name {group} is invalid, it cannot start with system:"
                raise Refused("refused", reason=reason)


class AccessPolicyAssociation(Behaviour):
    """`eks.AccessPolicyAssociation`: rights that are there for others a moment later than for whoever gave them."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_mode(new, store)
        policy, principal = new.inputs["policyArn"], new.inputs["principalArn"]
        if not _POLICY.fullmatch(policy):
            raise Refused("refused", reason=f"The policyArn parameter format is not valid: {policy}")
        scope = new.inputs.get("accessScope") or {}
        if (scope.get("type") == "namespace") is not bool(scope.get("namespaces")):  # API_AccessScope.html
            reason = "namespaces must be given where the type of the accessScope is namespace, and nowhere else"
            raise Refused("refused", reason=f"The accessScope is invalid: {reason}")
        who = (new.inputs["clusterName"], principal)
        if who not in {(each.inputs["clusterName"], each.inputs["principalArn"]) for each in store.all(ENTRY)}:
            reason = (  # terraform-aws-modules/terraform-aws-eks #3024, May 2024
                "ResourceNotFoundException: The specified principalArn could not be found. You can view your available "
                "access entries with 'list-access-entries'."
            )
            raise Refused("said", reason=reason)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        if resource.inputs["policyArn"].endswith("/AmazonEKSClusterAdminPolicy"):
            clusters.admit(resource.inputs["clusterName"], late(fault))
        return {}


class PodIdentityAssociation(OneOfAKind):
    """`eks.PodIdentityAssociation`."""

    def __init__(self) -> None:
        says = "ResourceInUseException: Association already exists"
        super().__init__(same("clusterName", "namespace", "serviceAccount"), says)

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        super().accept(old, new, store)
        check_pod_role(str(new.inputs["roleArn"]), store)


def _check_mode(new: Resource, store: Store) -> None:
    cluster = store.get(_CLUSTER, new.inputs["clusterName"])
    mode = value_at(cluster.inputs, "accessConfig.authenticationMode") if cluster else None
    if cluster and "accessConfig" in cluster.inputs and mode not in _MODES:
        reason = (  # docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html, November 2026
            f"InvalidRequestException: The cluster's authentication mode must be set to one of [{', '.join(_MODES)}] "
            "to perform this operation."
        )
        raise Refused("said", reason=reason)
