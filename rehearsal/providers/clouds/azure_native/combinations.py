"""What AKS takes of its settings alone, and not together, and what the network of a cluster has to have for it.

Of networks and vaults that others made nothing is known, and nothing is refused.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

from rehearsal.providers.clouds.azure_native.subnets import SUBNET, prefixes
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.rules import at_path, value_at
from rehearsal.providers.clouds.store import Resource, Store

_KEY: Final = "azure-native:keyvault:Key"
_VAULT: Final = "azure-native:keyvault:Vault"
_DELEGATED: Final = "Microsoft.ContainerService/managedClusters"
_SMALLEST: Final = 28  # prefix of the API server's subnet


def check_combination(cluster: Resource, store: Store) -> None:
    """Refused when AKS does not take a cluster with these inputs, in this network."""
    for reason in (*_of_identity(cluster.inputs), *_of_access(cluster.inputs), *_of_network(cluster.inputs)):
        raise Refused("refused", reason=reason)
    for reason in (*_of_nodes(cluster.inputs, store), *_of_api_server(cluster.inputs, store)):
        raise Refused("refused", reason=reason)


def check_vault(cluster: Resource, store: Store) -> None:
    """Refused when the vault of the cluster's key does not go by roles, so that none of them counts."""
    uri = value_at(cluster.inputs, "securityProfile.azureKeyVaultKms.keyId")
    for key in store.all(_KEY) if uri else ():
        vault = store.get(_VAULT, key.id.partition("/keys/")[0])
        if (
            vault
            and uri == key.outputs.get("keyUriWithVersion")
            and not value_at(vault.inputs, "properties.enableRbacAuthorization")
        ):
            reason = "AzureKeyVaultKmsValidateIdentityPermissionCustomerError: The identity does not have keys"
            raise Refused("refused", reason=f"{reason} encrypt/decrypt permission on key vault")


def _of_identity(inputs: Mapping[str, Any]) -> Iterator[str]:
    security = inputs.get("securityProfile") or {}
    if value_at(security, "workloadIdentity.enabled") and not value_at(inputs, "oidcIssuerProfile.enabled"):
        # Azure/terraform-azurerm-aks #377, May 2023
        yield "Enabling Workload identity requires the OIDC issuer to be enabled."
    if value_at(security, "azureKeyVaultKms.enabled") and value_at(inputs, "identity.type") != "UserAssigned":
        yield "Azure Key Vault KMS requires a user-assigned identity of the control plane."
    if inputs.get("disableLocalAccounts") and not value_at(inputs, "aadProfile.managed"):
        # hashicorp/terraform-provider-azurerm #15489, February 2022
        yield "Disabling local accounts is allowed for clusters with managed AAD alone."
    if inputs.get("supportPlan") == "AKSLongTermSupport" and value_at(inputs, "sku.tier") != "Premium":
        yield "AKSLongTermSupport is available with the tier Premium alone."


def _of_access(inputs: Mapping[str, Any]) -> Iterator[str]:
    access = inputs.get("apiServerAccessProfile") or {}
    if access.get("enablePrivateCluster") and access.get("authorizedIPRanges"):
        # learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges, November 2026
        yield "Authorized IP ranges are not supported for private clusters."


def _of_network(inputs: Mapping[str, Any]) -> Iterator[str]:
    network = inputs.get("networkProfile") or {}
    if network.get("networkPolicy") == "cilium" and network.get("networkDataplane") != "cilium":
        # learn.microsoft.com/azure/aks/azure-cni-powered-by-cilium, November 2026
        yield "Network policy cilium requires network dataplane cilium."
    if network.get("loadBalancerProfile") and network.get("outboundType") == "userAssignedNATGateway":
        # hashicorp/terraform-provider-azurerm #16712, May 2022
        yield "loadBalancerProfile must be empty when outboundType is userAssignedNATGateway."


def _of_nodes(inputs: Mapping[str, Any], store: Store) -> Iterator[str]:
    network = inputs.get("networkProfile") or {}
    for subnet in _subnets(inputs, "agentPoolProfiles.vnetSubnetID", store):
        if network.get("outboundType") == "userAssignedNATGateway" and not subnet.inputs.get("natGateway"):
            # learn.microsoft.com/azure/aks/nat-gateway, November 2026
            yield f"outboundType userAssignedNATGateway: no NAT gateway is associated with subnet {subnet.id}."
        if network.get("outboundType") == "userDefinedRouting" and not subnet.inputs.get("routeTable"):
            yield f"An existing route table has not been associated with subnet {subnet.id}."
        for other in _neighbours(subnet, store):
            yield from _overlapping(network, other)


def _overlapping(network: Mapping[str, Any], subnet: Resource) -> Iterator[str]:
    """Azure/AKS #1117, July 2019; terraform-azurerm-aks #57; Azure/azure-cli #20810 has the words."""
    for name, code in (("serviceCidr", "ServiceCidr"), ("podCidr", "PodCidr")):
        for each in prefixes(subnet):
            if name in network and ip_network(network[name]).overlaps(each):
                said = f"The specified {name} {network[name]} is conflicted with an existing subnet CIDR {each}"
                yield f"{code}OverlapExistingSubnetsCidr: {said}"


def _of_api_server(inputs: Mapping[str, Any], store: Store) -> Iterator[str]:
    """learn.microsoft.com/azure/aks/api-server-vnet-integration, November 2026"""
    for subnet in _subnets(inputs, "apiServerAccessProfile.subnetId", store):
        if _DELEGATED not in [each.get("serviceName") for each in subnet.inputs.get("delegations") or ()]:
            yield f"The API server's subnet {subnet.id} is not delegated to {_DELEGATED}."
        if any(each.prefixlen > _SMALLEST for each in prefixes(subnet)):
            yield f"The API server's subnet {subnet.id} is smaller than /{_SMALLEST}."


def _subnets(inputs: Mapping[str, Any], path: str, store: Store) -> list[Resource]:
    found = (store.get(SUBNET, str(id_)) for id_ in dict.fromkeys(at_path(inputs, path)))
    return [subnet for subnet in found if subnet]


def _neighbours(subnet: Resource, store: Store) -> Iterator[Resource]:
    network = subnet.inputs["virtualNetworkName"]
    return (each for each in store.all(SUBNET) if each.inputs["virtualNetworkName"] == network)
