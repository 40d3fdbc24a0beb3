"""Refusals of the clouds that pass by themselves, as what was given or made a moment ago gets known everywhere."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_BEGUN: Final = re.compile(r"\d+ errors? occurred:")


@dataclass(frozen=True)
class Delay:
    """A refusal that passes by itself: by which words a cloud refuses which types (a pattern of the shell).

    `until` says what is waited for, `look` is the command that shows whether it can come true; both may name the
    cluster as `{cluster}`.
    """

    types: str
    says: str
    until: str
    look: str


_ROLES: Final = (
    "az role assignment list --all --assignee "
    "$(az identity show -g {cluster} -n {cluster}-control-plane --query principalId -o tsv)"
)
_AKS: Final = "azure-native:containerservice:ManagedCluster"
DELAYS: Final = (
    # «Service principal or user-assigned identity must be given certain permissions to resource …. Check access result
    # not allowed for action …», which Azure's own tests try again (Azure/azure-cli, TestPrivateDnsRoleAssignmentRetry)
    Delay(_AKS, "ResourceMissingPermissionError", "the control plane's role on the network counts", _ROLES),
    # Asked for when the cluster is begun, which fails then: «waiting for creation of Managed Cluster» is how azurerm
    # tells it (Azure/AKS #3575, MicrosoftDocs/azure-docs #98954, ameddin73/aks-cmk-repro)
    Delay(
        _AKS,
        "AzureKeyVaultKmsValidateIdentityPermission|ForbiddenByRbac",
        "the control plane's role on the key of Secrets counts",
        _ROLES,
    ),
    # cloud.google.com/kms/docs/iam, GoogleCloudPlatform/terraform-google-secured-data-warehouse #302
    Delay(
        "gcp:container/cluster:Cluster",
        r"cloudkms\.cryptoKeyVersions\.useTo",
        "GKE's right to use the key of Secrets counts",
        "gcloud kms keys get-iam-policy, with the key that is named",
    ),
    # terraform-google-kubernetes-engine #2002: about 30 seconds; the provider tries again for pools, not for clusters
    Delay(
        "gcp:container/*",
        "failed to check status for|Verify if principal exists",
        "the nodes' new service account is known",
        "gcloud iam service-accounts list --filter=email:{cluster}-node",
    ),
    # GoogleCloudPlatform/magic-modules #1408; terraform-provider-google-beta, tpgiamresource/iam.go: not tried again
    Delay(
        "gcp:*",
        "Service account .+ does not exist",
        "the new service account is known",
        "gcloud iam service-accounts list",
    ),
    # terraform-google-kubernetes-engine #916
    Delay(
        "gcp:*",
        "Identity Pool does not exist",
        "the pool of identities that comes with the cluster is known",
        "gcloud container clusters list",
    ),
    # «If you enabled this API recently, wait a few minutes» (hashicorp/terraform-provider-google #1524, #2129)
    Delay(
        "gcp:*",
        "has not been used in project|accessNotConfigured|SERVICE_DISABLED",
        "an API that was just switched on answers",
        "gcloud services list --enabled",
    ),
    # The provider tries again for two minutes (terraform-provider-aws, internal/service/eks, propagationTimeout), and
    # IAM promises no time (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, eventual consistency)
    Delay(
        "aws:eks/*",
        "could not be assumed|EKS Managed Policies associated|principalArn (is invalid|could not be found)"
        "|Role provided in the request does not exist",
        "a new role of IAM is known",
        "aws iam list-roles --query \"Roles[?starts_with(RoleName, '{cluster}')].RoleName\"",
    ),
)


def delay_in(type_: str, message: str) -> Delay | None:
    """The delay that a cloud means when it refuses a resource of a type with this message; None if it means none."""
    return next((each for each in DELAYS if fnmatchcase(type_, each.types) and re.search(each.says, message)), None)


def was_begun(message: str) -> bool:
    """Whether something was made, and is not as it should be, so that it must not be made once more; the next run
    changes it (how the engine words it: plugin.InitError in sdk/go/common/resource/plugin/provider_plugin.go)."""
    return _BEGUN.search(message) is not None
