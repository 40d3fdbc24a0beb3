"""Rights in AWS for pods, by EKS Pod Identity (docs.aws.amazon.com/eks/latest/userguide/pod-identities.html)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_aws import eks

from components.cloud import CloudPlace
from components.clusters.names import AUTOMATIC, IAM_ROLE
from components.contract import Grant, Identity, by_name
from components.naming import shortened
from components.networks.aws_iam import ServiceRole, attach, service_role

_SERVICE: Final = "pods.eks.amazonaws.com"
_ACTIONS: Final = ("sts:AssumeRole", "sts:TagSession")
_KNOWN_AFTER: Final = 10.0
"""Seconds until every API server of a cluster knows a new association. Pods get their credentials as they are admitted:
those that came before never have any, however often they restart, and nothing tells when it is known
(aws/containers-roadmap #2507; aws/eks-pod-identity-agent #52: 5 to 10 s; aws/amazon-eks-pod-identity-webhook #264)."""


def pod_role(name: str, place: CloudPlace, policies: Sequence[str] = ()) -> ServiceRole:
    """A role that pods take through the agent on their node."""
    return service_role(shortened(name, IAM_ROLE.longest - AUTOMATIC), _SERVICE, place, policies, _ACTIONS)


def make_identity(service_account: str, grants: Sequence[Grant], cluster: eks.Cluster, place: CloudPlace) -> Identity:
    """Let the pods of `namespace/name` do what policies allow; a grant's role is a policy's ARN, which says on what."""
    namespace, _, account = service_account.partition("/")
    name = f"{place.cluster}-{namespace}-{account}"
    role = pod_role(name, place)
    attached = [attach(f"{name}-{each}", role.role, grant.role, place) for each, grant in by_name(grants).items()]
    waiting = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[_wait_until_known]))
    association = eks.PodIdentityAssociation(
        name,
        cluster_name=cluster.name,
        namespace=namespace,
        service_account=account,
        role_arn=role.arn,
        tags=place.tagged(name),
        opts=pulumi.ResourceOptions.merge(place.options(after=attached), waiting),
    )
    return Identity({}, {}, after=[association])


async def _wait_until_known(_: pulumi.ResourceHookArgs) -> None:
    """What comes after the association waits for this."""
    await asyncio.sleep(_KNOWN_AFTER)
