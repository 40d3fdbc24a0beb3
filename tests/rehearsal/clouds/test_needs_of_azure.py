"""What AKS takes of its settings alone and not together, what its network has to have, and values of what is around."""

from typing import Any

import pytest

from rehearsal.providers.base import ProviderError
from rehearsal.providers.clouds.azure_native import subnets
from tests.rehearsal.clouds.test_azure import CLUSTER, GENERAL, NETWORK, POOL, SHOP, SYSTEM, WORKSPACE, Azure, azure
from tests.support.refusals import refused

__all__ = ["azure"]  # a fixture

AKS = "Microsoft.ContainerService/managedClusters"
VAULT, KEY = "azure-native:keyvault:Vault", "azure-native:keyvault:Key"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ADDRESS, NAT = "azure-native:network:PublicIPAddress", "azure-native:network:NatGateway"
INTEGRATED: dict[str, Any] = {"enableVnetIntegration": True}
HERE: dict[str, Any] = {"resourceGroupName": "shop", "location": "westeurope"}


def network_of(azure: Azure, **nodes: Any) -> tuple[str, str]:
    """The ids of a subnet for nodes and one for the API server, in a network of 10.0.0.0/16."""
    azure.make(NETWORK, virtualNetworkName="shop", addressSpace={"addressPrefixes": ["10.0.0.0/16"]}, **HERE)
    made = [
        subnet(azure, "nodes", "10.0.0.0/17", **nodes),
        subnet(azure, "api", "10.0.128.0/28", delegations=[{"name": "aks", "serviceName": AKS}]),
    ]
    return made[0], made[1]


def subnet(azure: Azure, name: str, addresses: str, **inputs: Any) -> str:
    home = {"resourceGroupName": "shop", "virtualNetworkName": "shop"}
    return azure.make(subnets.SUBNET, subnetName=name, addressPrefix=addresses, **home, **inputs).id


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"securityProfile": {"workloadIdentity": {"enabled": True}}}, "requires the OIDC issuer"),
        ({"securityProfile": {"azureKeyVaultKms": {"enabled": True}}}, "requires a user-assigned identity"),
        ({"disableLocalAccounts": True}, "with managed AAD alone"),
        ({"supportPlan": "AKSLongTermSupport", "sku": {"name": "Base", "tier": "Free"}}, "with the tier Premium alone"),
        (
            {"apiServerAccessProfile": {"enablePrivateCluster": True, "authorizedIPRanges": ["203.0.113.1/32"]}},
            "not supported for private clusters",
        ),
        ({"networkProfile": {"networkPolicy": "cilium"}}, "requires network dataplane cilium"),
        (
            {"networkProfile": {"outboundType": "userAssignedNATGateway", "loadBalancerProfile": {"idleTimeout": 4}}},
            "loadBalancerProfile must be empty",
        ),
    ],
)
def test_settings_that_aks_does_not_take_together(azure: Azure, inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(ProviderError, match=says):
        azure.make(CLUSTER, **{**SHOP, "resourceName": "more", **inputs})


@pytest.mark.parametrize(
    ("profile", "nodes", "says"),
    [
        ({"outboundType": "userAssignedNATGateway"}, {}, "no NAT gateway is associated with subnet"),
        ({"outboundType": "userDefinedRouting"}, {}, "route table has not been associated with subnet"),
        ({"serviceCidr": "10.0.64.0/20", "dnsServiceIP": "10.0.64.10"}, {}, "ServiceCidrOverlapExistingSubnetsCidr"),
        ({"podCidr": "10.0.0.0/8"}, {}, "PodCidrOverlapExistingSubnetsCidr"),
        ({"serviceCidr": "10.1.0.0/16", "dnsServiceIP": "10.1.0.10"}, {}, ""),
    ],
)
def test_what_a_network_has_to_have_for_nodes(azure: Azure, profile: Any, nodes: Any, says: str) -> None:
    home, _ = network_of(azure, **nodes)
    pools = [{**SYSTEM, "vnetSubnetID": home}]
    inputs = {**SHOP, "resourceName": "more", "agentPoolProfiles": pools, "networkProfile": profile}
    refused(azure, CLUSTER, says, **inputs)


def test_the_api_server_wants_a_subnet_of_its_own(azure: Azure) -> None:
    nodes, api = network_of(azure)
    small = subnet(azure, "small", "10.0.192.0/29", delegations=[{"name": "aks", "serviceName": AKS}])
    for place, says in ((nodes, "is not delegated to"), (small, "is smaller than /28")):
        with pytest.raises(ProviderError, match=says):
            azure.make(CLUSTER, **_reached_by(place))
    azure.make(CLUSTER, **_reached_by(api))


def _reached_by(subnet: str) -> dict[str, Any]:
    access: dict[str, Any] = {**INTEGRATED, "subnetId": subnet}
    return {**SHOP, "resourceName": "more", "apiServerAccessProfile": access}


@pytest.mark.parametrize(("addresses", "says"), [("10.1.0.0/24", "NetcfgInvalidSubnet"), ("10.0.1.0/24", "Overlap")])
def test_a_subnet_is_within_its_network_and_beside_the_others(azure: Azure, addresses: str, says: str) -> None:
    network_of(azure)
    with pytest.raises(ProviderError, match=says):
        subnet(azure, "more", addresses)


@pytest.mark.parametrize("by_roles", [True, False])
def test_a_role_counts_in_vaults_that_go_by_roles(azure: Azure, by_roles: bool) -> None:
    properties = {"tenantId": "t", "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": by_roles}
    azure.make(VAULT, vaultName="shop", properties={**properties, "accessPolicies": []}, **HERE)
    key = azure.make(KEY, keyName="k", vaultName="shop", resourceGroupName="shop", properties={})
    kms = {"azureKeyVaultKms": {"enabled": True, "keyId": key.outputs["keyUriWithVersion"]}}
    inputs = {**SHOP, "resourceName": "more", "securityProfile": kms, "identity": {"type": "UserAssigned"}}
    if by_roles:
        azure.make(CLUSTER, **inputs)
        return
    with pytest.raises(Exception, match="KmsValidateIdentityPermission"):
        azure.make(CLUSTER, **inputs)


@pytest.mark.parametrize(
    ("pool", "says"),
    [
        ({"osDiskType": "Ephemeral", "vmSize": "Standard_D4ds_v5", "osDiskSizeGB": 128}, ""),
        ({"osDiskType": "Ephemeral", "vmSize": "Standard_D4ds_v5", "osDiskSizeGB": 200}, "temp disk size of 150 GB"),
        ({"osDiskType": "Ephemeral", "vmSize": "Standard_D4s_v5", "osDiskSizeGB": 64}, "temp disk size of 0 GB"),
    ],
)
def test_a_system_on_the_machines_own_disk_fits_there(azure: Azure, pool: dict[str, Any], says: str) -> None:
    refused(azure, POOL, says, **{**GENERAL, **pool})


RULE = {
    "name": "a",
    "access": "Allow",
    "direction": "Inbound",
    "priority": 100,
    "protocol": "Tcp",
    "sourceAddressPrefix": "*",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
}
STATIC = {"sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"}
PROPERTIES = {"tenantId": "t", "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}
WINDOW = {"schedule": {"weekly": {"dayOfWeek": "Sunday", "intervalWeeks": 1}}, "startTime": "02:00"}


@pytest.mark.parametrize(
    ("type_", "inputs", "says"),
    [
        (
            "network:NetworkSecurityGroup",
            {"networkSecurityGroupName": "n", "securityRules": [RULE, {**RULE, "name": "b"}]},
            "SecurityRuleConflict",
        ),
        (
            "network:NetworkSecurityGroup",
            {"networkSecurityGroupName": "n", "securityRules": [{**RULE, "priority": 10}]},
            "SecurityRuleInvalidPriority",
        ),
        (
            "network:PublicIPAddress",
            {"publicIpAddressName": "n", **STATIC, "publicIPAllocationMethod": "Dynamic"},
            "AllocationMethod set to Static",
        ),
        (
            "keyvault:Vault",
            {"vaultName": "vault", "properties": {**PROPERTIES, "enablePurgeProtection": False}},
            "Purge",
        ),
        (
            "keyvault:Vault",
            {"vaultName": "vault", "properties": {**PROPERTIES, "softDeleteRetentionInDays": 5}},
            "7 and",
        ),
        (
            "keyvault:Vault",
            {"vaultName": "vault", "properties": {**PROPERTIES, "enableRbacAuthorization": False}},
            "accessPolicies is not specified",
        ),
        (
            "operationalinsights:Workspace",
            {"workspaceName": "logs", "sku": {"name": "PerGB2018"}, "retentionInDays": 20},
            "match the SKU limits",
        ),
    ],
)
def test_values_that_azure_does_not_take(azure: Azure, type_: str, inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(ProviderError, match=says):
        azure.make(f"azure-native:{type_}", **HERE, **inputs)


@pytest.mark.parametrize(
    ("name", "hours", "says"),
    [("sundays", 4, "is no maintenance configuration"), ("default", 2, "durationHours is 2"), ("default", 4, "")],
)
def test_windows_have_names_that_aks_looks_for(azure: Azure, name: str, hours: int, says: str) -> None:
    type_ = "azure-native:containerservice:MaintenanceConfiguration"
    inputs = {"configName": name, "resourceGroupName": "shop", "resourceName": "shop"}
    window = {**WINDOW, "durationHours": hours}
    refused(azure, type_, says, **inputs, maintenanceWindow=window)


def test_a_nat_gateway_wants_addresses_of_its_kind(azure: Azure) -> None:
    basic = azure.make(ADDRESS, publicIpAddressName="basic", sku={"name": "Basic"}, **HERE)
    with pytest.raises(ProviderError, match="cannot be used with the Basic SKU"):
        azure.make(NAT, natGatewayName="n", sku={"name": "Standard"}, publicIpAddresses=[{"id": basic.id}], **HERE)
    static = azure.make(ADDRESS, publicIpAddressName="static", **STATIC, **HERE)
    azure.make(NAT, natGatewayName="n", sku={"name": "Standard"}, publicIpAddresses=[{"id": static.id}], **HERE)


def test_a_credential_is_of_an_issuer_and_there_once(azure: Azure) -> None:
    azure.make(IDENTITY, resourceName="pods", **HERE)
    told = {"resourceGroupName": "shop", "resourceName": "pods", "subject": "s", "audiences": ["a"]}
    names = [{"federatedIdentityCredentialResourceName": each} for each in ("one", "two")]
    with pytest.raises(ProviderError, match="is not a valid URL"):
        azure.make(CREDENTIAL, issuer="", **told, **names[0])
    azure.make(CREDENTIAL, issuer="https://i", **told, **names[0])
    with pytest.raises(ProviderError, match="Issuer and subject combination already exists"):
        azure.make(CREDENTIAL, issuer="https://i", **told, **names[1])


def test_logs_are_of_categories_that_aks_has(azure: Azure) -> None:
    setting = {"name": "logs", "resourceUri": azure.shop.id, "workspaceId": WORKSPACE}
    with pytest.raises(ProviderError, match="Category 'kube-admin' is not supported"):
        azure.make("azure-native:monitor:DiagnosticSetting", **setting, logs=[{"category": "kube-admin"}])
    azure.make("azure-native:monitor:DiagnosticSetting", **setting, logs=[{"category": "kube-audit-admin"}])
