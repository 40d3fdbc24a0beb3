"""Control planes of the clouds: who reaches them, what they encrypt, what they log.

Input names: pulumi-aws 7.51, pulumi-gcp 10.2, pulumi-azure-native 3.29.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from policy.model.addresses import any_everybody, means_everybody
from policy.model.expectations import Expect, Expectations, given, is_true, one_of, unmet, values_at
from policy.model.resource import Resource
from policy.model.rule import Category, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.unknown import off
from policy.rules.kubeadm import CLUSTER as KUBEADM
from policy.rules.kubeadm import unencrypted_secrets

EKS: Final = "aws:eks/cluster:Cluster"
GKE: Final = "gcp:container/cluster:Cluster"
AKS: Final = "azure-native:containerservice:ManagedCluster"
_DIAGNOSTICS: Final = "azure-native:monitor:DiagnosticSetting"
_CLUSTERS: Final = frozenset({EKS, GKE, AKS})
_RANGES: Final = "Close it, or name the ranges of those who administer the cluster."


@rule(
    id="api-private",
    category=Category.CLUSTER,
    why="whatever is found wrong in it next can be tried from anywhere",
    kinds=_CLUSTERS,
)
def api_private(cluster: Resource) -> Iterator[RuleFinding]:
    """The API server is private, or answers named ranges only."""
    if path := _OPEN[cluster.kind](cluster.properties):
        yield RuleFinding(cluster, path, "the API server answers everybody", _RANGES)


def _open_eks(given_: Mapping[str, Any]) -> str:
    network = given_.get("vpcConfig") or {}
    if off(network.get("endpointPublicAccess")):
        return ""
    ranges = network.get("publicAccessCidrs")
    return "vpcConfig.publicAccessCidrs" if not ranges or any_everybody(ranges) else ""


def _open_gke(given_: Mapping[str, Any]) -> str:
    private = (given_.get("privateClusterConfig") or {}).get("enablePrivateEndpoint")
    by_address = ((given_.get("controlPlaneEndpointsConfig") or {}).get("ipEndpointsConfig") or {}).get("enabled")
    if private or off(by_address):
        return ""
    ranges = given_.get("masterAuthorizedNetworksConfig")
    if not ranges:
        return "masterAuthorizedNetworksConfig"
    if ranges.get("gcpPublicCidrsAccessEnabled"):
        return "masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled"
    for path, block in values_at(given_, "masterAuthorizedNetworksConfig.cidrBlocks[].cidrBlock"):
        if means_everybody(block):
            return path
    return ""


def _open_aks(given_: Mapping[str, Any]) -> str:
    access = given_.get("apiServerAccessProfile") or {}
    if access.get("enablePrivateCluster") or given_.get("publicNetworkAccess") == "Disabled":
        return ""
    ranges = access.get("authorizedIPRanges")
    return "apiServerAccessProfile.authorizedIPRanges" if not ranges or any_everybody(ranges) else ""


_OPEN: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {EKS: _open_eks, GKE: _open_gke, AKS: _open_aks}
_UNENCRYPTED: Final = "Secrets are not encrypted by a key of the owner's"
_KEY: Final = "Name a key of the cloud's key management."
_ENCRYPTED: Final[Expectations] = {
    EKS: (
        Expect("encryptionConfig.provider.keyArn", given, _UNENCRYPTED, _KEY),
        Expect("encryptionConfig.resources", lambda it: "secrets" in (it or ()), _UNENCRYPTED, "List secrets."),
    ),
    GKE: (
        Expect("databaseEncryption.state", one_of("ENCRYPTED"), _UNENCRYPTED, "Set it to ENCRYPTED."),
        Expect("databaseEncryption.keyName", given, _UNENCRYPTED, _KEY),
    ),
    AKS: (
        Expect("securityProfile.azureKeyVaultKms.enabled", is_true, _UNENCRYPTED, "Set it to true."),
        Expect("securityProfile.azureKeyVaultKms.keyId", given, _UNENCRYPTED, _KEY),
    ),
}


@rule(
    id="secrets-kms",
    category=Category.CLUSTER,
    why="a copy of the control plane's store would hold every password in the clear",
    kinds=_CLUSTERS | {KUBEADM},
)
def secrets_kms(cluster: Resource) -> Iterator[RuleFinding]:
    """Secrets are encrypted at rest by a key of the owner's."""
    yield from unencrypted_secrets(cluster) if cluster.kind == KUBEADM else unmet(cluster, _ENCRYPTED)


_LOGS: Final = {  # field, and what it has to list
    EKS: ("enabledClusterLogTypes", ("api", "audit", "authenticator")),
    GKE: ("loggingConfig.enableComponents", ("SYSTEM_COMPONENTS", "APISERVER")),
}
_AUDIT_LOGS: Final = ("kube-audit", "kube-audit-admin", "audit", "allLogs")  # categories and groups of them


@rule(
    id="cp-logs",
    category=Category.CLUSTER,
    why="nobody can tell afterwards who did what",
    kinds=_CLUSTERS,
)
def cp_logs(cluster: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """The control plane keeps its audit log."""
    if cluster.kind == AKS:
        if not any(_logs_audit(setting, cluster) for setting in stack.of_kind(_DIAGNOSTICS)):
            remedy = "Add a DiagnosticSetting with the log category kube-audit-admin to it."
            yield RuleFinding(cluster, "", "no diagnostic setting keeps its audit log", remedy)
        return
    field, wanted = _LOGS[cluster.kind]
    for path, listed in values_at(cluster.properties, field):
        if missing := [name for name in wanted if name not in (listed or ())]:
            yield RuleFinding(cluster, path, f"it does not log {', '.join(missing)}", f"List {', '.join(wanted)}.")


def _logs_audit(setting: Resource, cluster: Resource) -> bool:
    name = cluster.properties.get("resourceName")
    enabled = [log for log in setting.properties.get("logs") or () if log.get("enabled")]
    audits = any(log.get(key) in _AUDIT_LOGS for log in enabled for key in ("category", "categoryGroup"))
    return audits and (not name or f"/managedclusters/{name}".lower() in str(setting.properties["resourceUri"]).lower())
