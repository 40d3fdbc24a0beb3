"""Rights in Google Cloud, for nodes and for pods (cloud.google.com/kubernetes-engine/docs/how-to/workload-identity)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_gcp import projects, serviceaccount, storage

from components.cloud import CloudPlace
from components.clusters.names import SERVICE_ACCOUNT
from components.contract import Grant, Identity, by_name
from components.naming import shortened

_NODE_ROLES: Final = ("roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader")


def make_account(name: str, project: str, place: CloudPlace) -> serviceaccount.Account:
    """A service account without any rights."""
    return serviceaccount.Account(
        name,
        account_id=shortened(name, SERVICE_ACCOUNT.longest),
        display_name=name,
        project=project,
        opts=place.options(),
    )


def grant_in_project(
    name: str, role: pulumi.Input[str], member: pulumi.Input[str], project: str, place: CloudPlace
) -> pulumi.Resource:
    """Give `member` a role in the whole project."""
    return projects.IAMMember(name, project=project, role=role, member=member, opts=place.options())


def make_node_account(project: str, place: CloudPlace) -> tuple[serviceaccount.Account, list[pulumi.Resource]]:
    """The account of all nodes, and the rights that they need before they start."""
    account = make_account(f"{place.cluster}-node", project, place)
    rights = [
        grant_in_project(f"{place.cluster}-node-{role.rpartition('/')[2]}", role, account.member, project, place)
        for role in _NODE_ROLES
    ]
    return account, rights


def make_identity(
    service_account: str, grants: Sequence[Grant], project: str, place: CloudPlace, cluster: pulumi.Resource
) -> Identity:
    """Let the pods of `namespace/name` be an account with these roles; `on` of a grant is a bucket.

    Pods are members of a pool of identities that the project has since its first cluster with workload identity:
    before, IAM answers «Identity Pool does not exist» (terraform-google-kubernetes-engine #916).
    """
    namespace, _, pods = service_account.partition("/")
    name = f"{place.cluster}-{namespace}-{pods}"
    account = make_account(name, project, place)
    for each, grant in by_name(grants).items():
        if grant.on is None:
            grant_in_project(f"{name}-{each}", grant.role, account.member, project, place)
        else:
            storage.BucketIAMMember(
                f"{name}-{each}", bucket=grant.on, role=grant.role, member=account.member, opts=place.options()
            )
            # Who has a bucket gives out addresses of what is in it, which it signs as itself.
            serviceaccount.IAMMember(
                f"{name}-{each}-signer",
                service_account_id=account.name,
                role="roles/iam.serviceAccountTokenCreator",
                member=account.member,
                opts=place.options(),
            )
    may_be_it = serviceaccount.IAMMember(
        name,
        service_account_id=account.name,
        role="roles/iam.workloadIdentityUser",
        member=f"serviceAccount:{project}.svc.id.goog[{namespace}/{pods}]",
        opts=place.options(after=[cluster]),
    )
    return Identity({"iam.gke.io/gcp-service-account": account.email}, {}, after=[may_be_it])
