"""Rights in AWS for pods, by EKS Pod Identity (docs.aws.amazon.com/eks/latest/userguide/pod-identities.html)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pulumi_aws import eks

from components.cloud import CloudPlace
from components.clusters.names import AUTOMATIC, IAM_ROLE
from components.contract import Grant, Identity
from components.naming import shortened
from components.networks.aws_iam import ServiceRole, attach, service_role

_SERVICE: Final = "pods.eks.amazonaws.com"
_ACTIONS: Final = ("sts:AssumeRole", "sts:TagSession")


def pod_role(name: str, place: CloudPlace, policies: Sequence[str] = ()) -> ServiceRole:
    """A role that pods take through the agent on their node."""
    return service_role(shortened(name, IAM_ROLE.longest - AUTOMATIC), _SERVICE, place, policies, _ACTIONS)


def make_identity(service_account: str, grants: Sequence[Grant], cluster: eks.Cluster, place: CloudPlace) -> Identity:
    """Let the pods of `namespace/name` do what policies allow; a grant's role is a policy's ARN, which says on what."""
    namespace, _, account = service_account.partition("/")
    name = f"{place.cluster}-{namespace}-{account}"
    role = pod_role(name, place)
    attached = [attach(f"{name}-{index}", role.role, grant.role, place) for index, grant in enumerate(grants)]
    association = eks.PodIdentityAssociation(
        name,
        cluster_name=cluster.name,
        namespace=namespace,
        service_account=account,
        role_arn=role.arn,
        tags=place.tagged(name),
        opts=place.options(after=attached),
    )
    return Identity({}, {}, after=[association])
