"""What AKS takes of its settings alone, and not together, and what the network of a cluster has to have for it.

Of networks and vaults that others made nothing is known, and nothing is refused.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from itertools import chain
from typing import Any, Final

from rehearsal.providers.clouds.azure_native.pools import counted
from rehearsal.providers.clouds.azure_native.subnets import SUBNET, prefixes
from rehearsal.providers.clouds.behaviour import Refused, refuse
from rehearsal.providers.clouds.rules import at_path, value_at
from rehearsal.providers.clouds.store import Resource, Store

_KEY: Final = "azure-native:keyvault:Key"
_VAULT: Final = "azure-native:keyvault:Vault"
_NETWORK: Final = "azure-native:network:VirtualNetwork"
_GROUP: Final = "azure-native:resources:ResourceGroup"
_KEPT: Final = 5  # addresses of a subnet
_DELEGATED: Final = "Microsoft.ContainerService/managedClusters"
_SMALLEST: Final = 28  # prefix of the API server's subnet


def check_combination(cluster: Resource, store: Store) -> None:
    """Refused when AKS does not take a cluster with these inputs, in this network."""
    refuse(chain(_of_identity(cluster.inputs), _of_access(cluster.inputs), _of_network(cluster.inputs)))
    refuse(chain(_of_group(cluster, store), _of_key(cluster, store)))
    refuse(chain(_of_nodes(cluster, store), _of_api_server(cluster.inputs, store)))


def _of_group(cluster: Resource, store: Store) -> Iterator[str]:
    """The group of nodes is made by AKS (learn.microsoft.com/azure/aks/faq, November 2026)."""
    name, home = cluster.inputs.get("nodeResourceGroup"), cluster.id.partition("/resourceGroups/")[0]
    if name and store.get(_GROUP, f"{home}/resourceGroups/{name}"):
        yield f"The node resource group {name} exists already: it has to be another one than any that there is."


def _of_key(cluster: Resource, store: Store) -> Iterator[str]:
    """learn.microsoft.com/azure/aks/use-kms-etcd-encryption, November 2026: RSA keys, to encrypt and decrypt"""
    uri = value_at(cluster.inputs, "securityProfile.azureKeyVaultKms.keyId")
    for key in (each for each in store.all(_KEY) if uri and uri == each.outputs.get("keyUriWithVersion")):
        properties = key.inputs.get("properties") or {}
        lacking = {"encrypt", "decrypt"} - set(properties.get("keyOps") or ("encrypt", "decrypt"))
        if not str(properties.get("kty", "RSA")).startswith("RSA") or lacking:
            yield f"AzureKeyVaultKmsInvalidKey: {uri} is no RSA key that may encrypt and decrypt."


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
    if access.get("subnetId") and not access.get("enableVnetIntegration"):  # aks/api-server-vnet-integration
        yield "apiServerAccessProfile.subnetId can be given with VNet integration of the API server alone."
    named = access.get("enablePrivateClusterPublicFQDN", True)
    if access.get("privateDNSZone") == "none" and not named:  # aks/private-clusters
        yield "A private cluster with the private DNS zone none must have a public FQDN."
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
    if network.get("networkDataplane") == "cilium" and network.get("networkPolicy", "cilium") != "cilium":
        # learn.microsoft.com/azure/aks/azure-cni-powered-by-cilium, November 2026
        yield "Network dataplane cilium requires network policy cilium."
    if network.get("networkPluginMode") == "overlay" and network.get("networkPlugin", "azure") != "azure":
        yield "networkPluginMode overlay requires networkPlugin azure."  # aks/azure-cni-overlay
    if network.get("outboundType") == "userAssignedNATGateway" and network.get("loadBalancerSku") == "basic":
        yield "outboundType userAssignedNATGateway requires the load balancer SKU standard."  # aks/nat-gateway
    ranges = [ip_network(network[name]) for name in ("podCidr", "serviceCidr") if name in network]
    if len(ranges) > 1 and ranges[0].overlaps(ranges[1]):  # aks/concepts-network-ip-address-planning
        yield f"podCidr {ranges[0]} overlaps with serviceCidr {ranges[1]}."


def _of_nodes(cluster: Resource, store: Store) -> Iterator[str]:
    inputs = cluster.inputs
    network = inputs.get("networkProfile") or {}
    for subnet in _subnets(inputs, "agentPoolProfiles.vnetSubnetID", store):
        if network.get("outboundType") == "userAssignedNATGateway" and not subnet.inputs.get("natGateway"):
            # learn.microsoft.com/azure/aks/nat-gateway, November 2026
            yield f"outboundType userAssignedNATGateway: no NAT gateway is associated with subnet {subnet.id}."
        if network.get("outboundType") == "userDefinedRouting" and not subnet.inputs.get("routeTable"):
            yield f"An existing route table has not been associated with subnet {subnet.id}."
        home = store.get(_NETWORK, subnet.id.partition("/subnets/")[0])
        places = [str(each.outputs.get("location", "")).lower().replace(" ", "") for each in (cluster, home) if each]
        if len(set(places)) > 1:  # aks/configure-azure-cni
            yield f"The virtual network of subnet {subnet.id} is in {places[1]}, and the cluster in {places[0]}."
        yield from _of_room(inputs, subnet)
        for other in _neighbours(subnet, store):
            yield from _overlapping(network, other)


def _of_room(inputs: Mapping[str, Any], subnet: Resource) -> Iterator[str]:
    """A node takes an address, or with its pods in the network as many as it has room for; Azure keeps five
    (learn.microsoft.com/azure/aks/concepts-network-ip-address-planning, November 2026)."""
    overlay = value_at(inputs, "networkProfile.networkPluginMode") == "overlay"
    pools = [each for each in inputs.get("agentPoolProfiles") or () if each.get("vnetSubnetID") == subnet.id]
    wanted = sum(counted(each)["count"] * (1 if overlay else 1 + int(each.get("maxPods", 30))) for each in pools)
    there = sum(each.num_addresses - _KEPT for each in prefixes(subnet))
    if wanted > there:
        said = f"Pre-allocated IPs {wanted} exceeds IPs available {there} in Subnet {subnet.id}"
        yield f"InsufficientSubnetSize: {said}. http://aka.ms/aks/insufficientsubnetsize"


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
