"""Waiting until a cloud knows everywhere what was given or made a moment ago: roles, identities, switched on APIs.

No cloud lets a program ask whether the right of another identity counts yet, such as that of a control plane on its
key; the refusal of what needs it is the only sign. The providers of AWS try again by themselves, those of Azure and
Google do not. So the engine asks the hook of this module whenever a resource could not be made or changed, and tries
again when it says so (pulumi/pulumi, pkg/resource/deploy/retries.go, 3.259: a hundred times at most).

How long: Azure speaks of up to 10 minutes for a role (learn.microsoft.com/azure/role-based-access-control/
troubleshooting), Google of 2 minutes typically and 7 or more at times (cloud.google.com/iam/docs/
access-change-propagation), both as of November 2026.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import pulumi

_PATIENCE: Final = 600.0  # seconds
_FIRST_PAUSE: Final = 2.0  # seconds; each pause is twice the one before …
_LONGEST_PAUSE: Final = 45.0  # … up to this
_BEGUN: Final = re.compile(r"\d+ errors? occurred:")
"""How the engine words it when something was made, and is not as it should be: it must not be made once more
(plugin.InitError in sdk/go/common/resource/plugin/provider_plugin.go)."""


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
    # Azure/AKS #3575, MicrosoftDocs/azure-docs #98954
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


class Propagation:
    """Waits, for the resources of `cluster`, until what was refused for a delay has passed; see `hook`."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._since: dict[str, float] = {}  # by URN

    def hook(self) -> pulumi.ErrorHook:
        """The hook for resources of the program that runs; within one there may be one of each cluster."""
        return pulumi.ErrorHook(f"{self._cluster}-propagation", self.tries_again)

    async def tries_again(self, failed: pulumi.ErrorHookArgs) -> bool:
        """Whether the engine shall try once more what has just failed, after a pause."""
        delay = delay_of(failed)
        if delay is None or pulumi.runtime.is_dry_run():
            return False
        now = time.monotonic()
        waited = now - self._since.setdefault(failed.urn, now)
        until, look = (text.replace("{cluster}", self._cluster) for text in (delay.until, delay.look))
        if waited >= _PATIENCE:
            pulumi.log.warn(
                f"{failed.name}: waited {waited:.0f} s until {until}, in vain. Look at it by: {look}. If all is there, "
                "run the same command again."
            )
            return False
        pulumi.log.info(f"{failed.name}: waiting until {until}", ephemeral=bool(waited))
        await asyncio.sleep(pause_after(len(failed.errors)))
        return True


def delay_of(failed: pulumi.ErrorHookArgs) -> Delay | None:
    """The delay that a failure means, if it means one, and if trying again does no harm."""
    newest = failed.errors[0]
    harmful = failed.failed_operation == "create" and _BEGUN.match(newest)
    if harmful or failed.failed_operation not in ("create", "update"):
        return None
    fitting = (each for each in DELAYS if fnmatchcase(failed.type, each.types) and re.search(each.says, newest))
    return next(fitting, None)


def pause_after(failures: int) -> float:
    """How long to wait after so many failures, in seconds."""
    return float(min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE))
